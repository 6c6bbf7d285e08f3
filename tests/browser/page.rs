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

    /// Fails if anything was written to the console as an error or a warning.
    fn expect_a_quiet_console(&mut self) {
        assert_eq!(self.complaints(), [""; 0]);
    }

    /// The notifications the browser lists, as `title: body`.
    fn notifications(&mut self) -> Value {
        self.value(
            "navigator.serviceWorker.ready.then(worker => worker.getNotifications())
                .then(all => all.map(({ title, body }) => `${title}: ${body}`))",
        )
    }

    /// What the element `id` reads.
    fn read(&mut self, id: &str) -> String {
        let read = self.value(&format!("document.getElementById({}).textContent", json!(id)));
        read.as_str().expect("a text").to_owned()
    }

    /// Waits until the element `id` reads `start`, and anything after it.
    fn wait_to_read_start(&mut self, id: &str, start: &str) {
        let (id, start) = (json!(id), json!(start));
        self.wait_for(&format!("document.getElementById({id}).textContent.startsWith({start})"));
    }

    /// Enters `text` into the field `id`, as a person's typing ends.
    fn fill(&mut self, id: &str, text: &str) {
        self.value(&format!("document.getElementById({}).value = {}", json!(id), json!(text)));
    }

    /// Presses `button` when it can be pressed.
    fn press(&mut self, button: &str) {
        self.wait_for(&format!("!document.getElementById({}).disabled", json!(button)));
        self.click(&format!("#{button}"));
    }
}

impl<T: Tab> Page for T {}
