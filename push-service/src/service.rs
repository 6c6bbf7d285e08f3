//! The running push service: one port, one thread a connection, all of them ended on drop.

use crate::answer::{Answer, First, Then};
use crate::autoendpoint::token;
use crate::http::{Connection, Head};
use crate::reply::Reply;
use crate::state::{Answers, Shared, State};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// After a failed accept (no descriptors left, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

type Sockets = Arc<Mutex<HashMap<usize, TcpStream>>>;

/// What may differ between a test's push service and a learner's.
pub struct Settings {
    /// 0 lets the system choose.
    pub port: u16,
    /// `None`: plain HTTP, and a WebSocket for browsers.
    pub tls: Option<Arc<ServerConfig>>,
    /// See [`Shared::strict`].
    pub strict: bool,
    /// See [`Shared::report`].
    pub report: Box<dyn Fn(&str) + Send + Sync>,
}

/// Listens on loopback until dropped.
pub struct Service {
    pub shared: Arc<Shared>,
    address: SocketAddr,
    sockets: Sockets,
    accepting: Option<JoinHandle<()>>,
}

impl Service {
    /// Fails when the port is taken.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port))?;
        let address = listener.local_addr()?;
        let scheme = if settings.tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            origin: format!("{scheme}://localhost:{}", address.port()),
            strict: settings.strict,
            report: settings.report,
            state: Mutex::new(State { answers: Answers::default(), ..State::default() }),
            changed: Condvar::new(),
        });
        let sockets = Sockets::default();
        let accepting = thread::Builder::new().name("push service".to_owned()).spawn({
            let (shared, sockets) = (shared.clone(), sockets.clone());
            move || accept(&listener, &shared, &sockets, settings.tls.as_ref())
        })?;
        Ok(Self { shared, address, sockets, accepting: Some(accepting) })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.changed.notify_all();
        // Wakes the accepting thread, which then waits for the others.
        _ = TcpStream::connect(self.address);
        for socket in lock(&self.sockets).values() {
            _ = socket.shutdown(Shutdown::Both);
        }
        if let Some(accepting) = self.accepting.take() {
            _ = accepting.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, sockets: &Sockets, tls: Option<&Arc<ServerConfig>>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for (number, socket) in listener.incoming().enumerate() {
        if shared.lock().stopping {
            break;
        }
        threads.retain(|thread| !thread.is_finished());
        let started = socket.and_then(|tcp| connection(tcp, number, shared, sockets, tls.cloned()));
        match started {
            Ok(thread) => threads.push(thread),
            Err(_) => _ = shared.pause(ACCEPT_PAUSE),
        }
    }
    for thread in threads {
        _ = thread.join();
    }
}

/// Starts the thread of one connection and remembers its socket, to be shut when the service ends.
fn connection(
    tcp: TcpStream,
    number: usize,
    shared: &Arc<Shared>,
    sockets: &Sockets,
    tls: Option<Arc<ServerConfig>>,
) -> io::Result<JoinHandle<()>> {
    tcp.set_nodelay(true)?;
    let kept = tcp.try_clone()?;
    let mut open = lock(sockets);
    let thread = thread::Builder::new().spawn({
        let (shared, sockets) = (shared.clone(), sockets.clone());
        move || {
            // A connection that fails concerns its other end, which notices.
            _ = serve(tcp, &shared, tls);
            lock(&sockets).remove(&number);
        }
    })?;
    if shared.lock().stopping {
        _ = kept.shutdown(Shutdown::Both);
    }
    open.insert(number, kept);
    Ok(thread)
}

fn lock(sockets: &Sockets) -> MutexGuard<'_, HashMap<usize, TcpStream>> {
    sockets.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the requests of one connection.
fn serve(tcp: TcpStream, shared: &Shared, tls: Option<Arc<ServerConfig>>) -> io::Result<()> {
    let mut connection = match tls {
        None => Connection::Plain(tcp),
        Some(config) => {
            let tls = ServerConnection::new(config).map_err(io::Error::other)?;
            Connection::Tls(Box::new(StreamOwned::new(tls, tcp)))
        }
    };
    while let Some(head) = connection.read_head()? {
        if let (Connection::Plain(tcp), true) = (&connection, Shared::is_upgrade(&head)) {
            return shared.converse(tcp.try_clone()?, &head);
        }
        let answer = answer(shared, &mut connection, &head)?;
        if !give(shared, &mut connection, answer)? {
            break;
        }
        if head.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            connection.close();
            break;
        }
    }
    Ok(())
}

/// Reads the rest of a sender's request and finds the answer.
fn answer(shared: &Shared, connection: &mut Connection, head: &Head) -> io::Result<Answer> {
    let token = token(&head.path).unwrap_or_default();
    let reset = {
        let mut state = shared.lock();
        state.calls += 1;
        state.answers.reset_is_next(token)
    };
    let body = connection.read_body(head, reset)?;
    let left = reset && !body.is_empty() && matches!(connection, Connection::Plain(_));
    let answer = match (head.method.as_str(), head.path.strip_prefix("/m/")) {
        ("DELETE", Some(id)) => shared.delete(id),
        ("POST", None) => shared.post(head, body),
        _ if token.is_empty() => Answer::status(404),
        _ => Answer::reply(&Reply::status(405)),
    };
    if left && !matches!(answer.then, Then::Reset) {
        connection.read_exact(&mut [0])?;
    }
    Ok(answer)
}

/// Answers; `true` when another request may follow.
fn give(shared: &Shared, connection: &mut Connection, answer: Answer) -> io::Result<bool> {
    let First::Bytes(first) = answer.first else {
        return Ok(false);
    };
    connection.write_all(&first)?;
    connection.flush()?;
    match answer.then {
        Then::KeepAlive => return Ok(true),
        Then::Close => connection.close(),
        Then::Reset => {}
        // Ends when the sender leaves or this push service stops.
        Then::Hang => while connection.read(&mut [0; 512])? > 0 {},
        Then::Repeat { bytes, times, pause } => {
            for _ in 0..times {
                connection.write_all(&bytes)?;
                if !pause.is_zero() && shared.pause(pause) {
                    break;
                }
            }
            connection.close();
        }
    }
    Ok(false)
}
