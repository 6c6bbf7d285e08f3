//! JSON calls and events over one WebSocket, as WebDriver BiDi and the DevTools protocol both have them.
//! Every wait ends: at the answer, at the event, or at [`DEADLINE`].

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Error, Message, WebSocket};

/// The longest any single wait on a browser may last. The slowest step, a start, takes 3 s; with forty other processes on
/// two cores it took more than 30.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// A connection to a browser: calls are answered one by one, events are kept in the order they came.
pub(crate) struct Connection {
    socket: WebSocket<TcpStream>,
    calls: u64,
    events: Vec<Value>,
}

impl Connection {
    /// Connects to `ws://host:port/path`, sending no `Origin`, which both browsers would refuse.
    pub(crate) fn open(url: &str) -> Self {
        let address = url.trim_start_matches("ws://").split('/').next().expect("an address");
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("connecting to {url}: {error}"));
        let wait = stream.set_read_timeout(Some(DEADLINE));
        wait.expect("a read timeout");
        let (socket, _) =
            tungstenite::client(url, stream).unwrap_or_else(|error| panic!("WebSocket handshake with {url}: {error}"));
        Self { socket, calls: 0, events: Vec::new() }
    }

    /// Sends `{"id", "method", "params", ...}` and returns the whole answer, be it a result or an error.
    pub(crate) fn call(&mut self, mut message: Value) -> Result<Value, String> {
        self.calls += 1;
        let id = self.calls;
        message["id"] = json!(id);
        let text = Message::text(message.to_string());
        self.socket.send(text).map_err(|error| error.to_string())?;
        let until = Instant::now() + DEADLINE + Duration::from_secs(5);
        loop {
            let heard = self.hear(until)?;
            if heard["id"] == id {
                return Ok(heard);
            }
            self.events.push(heard);
        }
    }

    /// The first event, already here or still to come, that `wanted` picks; it is taken off the queue.
    pub(crate) fn event(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<Value, String> {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(at) = self.events.iter().position(&wanted) {
                return Ok(self.events.remove(at));
            }
            let heard = self.hear(until)?;
            self.events.push(heard);
        }
    }

    /// All events heard so far and not yet taken.
    pub(crate) fn events(&self) -> &[Value] {
        &self.events
    }

    fn hear(&mut self, until: Instant) -> Result<Value, String> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err("nothing was heard from the browser in time".to_owned());
            }
            let stream = self.socket.get_ref();
            stream.set_read_timeout(Some(left)).map_err(|error| error.to_string())?;
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    return serde_json::from_str(&text).map_err(|error| error.to_string());
                }
                Ok(_) => {}
                Err(Error::Io(error)) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(format!("the browser hung up: {error}")),
            }
        }
    }
}
