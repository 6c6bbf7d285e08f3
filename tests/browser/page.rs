//! What the page shows, read the same way in both browsers.

use serde_json::{Value, json};

use crate::browser::Tab;

/// A tab with our page in it.
pub(crate) trait Page: Tab {
    /// The ids of the six buttons of the codelab that can be pressed, in its order.
    fn buttons(&mut self) -> Value {
        self.value(
            "['register', 'unregister', 'subscribe', 'unsubscribe', 'notify-me', 'notify-all']
                .filter(id => !document.getElementById(id).disabled).join(' ')",
        )
    }

    /// The ids of the help sections that can be seen.
    fn help(&mut self) -> Value {
        self.value(
            "[...document.querySelectorAll('section.help')]
                .filter(section => section.checkVisibility()).map(section => section.id).join(' ')",
        )
    }

    /// Waits until the page has looked for a worker and registers it with a click.
    fn register(&mut self) {
        self.wait_for("!document.getElementById('register').disabled");
        self.click("#register");
        let scope = self.value("`Registered for the scope ${location.origin}/`");
        self.wait_to_read("registration-status-message", scope.as_str().unwrap());
    }

    /// The notifications the browser lists, as `title: body`.
    fn notifications(&mut self) -> Value {
        self.value(
            "navigator.serviceWorker.ready.then(worker => worker.getNotifications())
                .then(all => all.map(({ title, body }) => `${title}: ${body}`))",
        )
    }

    /// Presses `button` when it can be pressed.
    fn press(&mut self, button: &str) {
        self.wait_for(&format!(
            "!document.getElementById({}).disabled",
            json!(button)
        ));
        self.click(&format!("#{button}"));
    }
}

impl<T: Tab> Page for T {}
