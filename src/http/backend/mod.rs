//! The backend: one tiny_http server behind all listeners, on a private socket. It answers, through a handler, what the
//! front has checked.

pub(super) mod pool;
#[cfg(unix)]
mod socket_dir;

use super::error::SetupError;
use super::request_head::LISTENER_HEADER;
use pool::BackendPool;
use std::sync::Arc;
use std::thread;
use tiny_http::{Request, Response, Server};

/// tiny_http, its private socket, and the connections to it.
pub(super) struct Backend {
    server: Arc<Server>,
    pool: Arc<BackendPool>,
    /// Holds the socket; removed with the backend, even when a handler never answers.
    #[cfg(unix)]
    _dir: socket_dir::SocketDir,
}

impl Backend {
    /// Opens a Unix socket in a folder for this user alone, and a tiny_http server on it.
    #[cfg(unix)]
    pub(super) fn open() -> Result<Backend, SetupError> {
        let temp = std::env::temp_dir();
        let dir = socket_dir::SocketDir::create().map_err(|source| {
            let hint = "set TMPDIR to a folder that this user may write to";
            SetupError::new(format!("cannot make a folder in {}", temp.display()), hint).because(source)
        })?;
        let address = dir.socket();
        let server = std::os::unix::net::UnixListener::bind(&address)
            .map_err(Into::into)
            .and_then(|listener| Server::from_listener(listener, None))
            .map_err(|source| {
                let hint = "set TMPDIR to a folder with a short path";
                SetupError::new(format!("cannot open a socket in {}", temp.display()), hint).because(source)
            })?;
        Ok(Backend { server: Arc::new(server), pool: Arc::new(BackendPool::new(address)), _dir: dir })
    }

    /// Opens a loopback port, since tiny_http has no Unix sockets on Windows.
    #[cfg(windows)]
    pub(super) fn open() -> Result<Backend, SetupError> {
        let opened = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(Into::into).and_then(|listener| {
            let address = listener.local_addr()?;
            Ok((address, Server::from_listener(listener, None)?))
        });
        let (address, server) = opened.map_err(|source: Box<dyn std::error::Error + Send + Sync>| {
            SetupError::new("cannot open a loopback port", "check that 127.0.0.1 exists").because(source)
        })?;
        Ok(Backend { server: Arc::new(server), pool: Arc::new(BackendPool::new(address)) })
    }

    pub(super) fn pool(&self) -> Arc<BackendPool> {
        Arc::clone(&self.pool)
    }

    /// Starts tiny_http's loop. `handle` gets each request with the number of the listener that it came by.
    pub(super) fn serve(&self, handle: impl Fn(usize, Request) + Send + 'static) {
        let server = Arc::clone(&self.server);
        thread::spawn(move || server.incoming_requests().for_each(|request| dispatch(request, &handle)));
    }

    /// Ends the loop, and what still waits for a handler: [`BackendPool::exchange`] then says that the server was stopped.
    pub(super) fn stop(&self) {
        self.pool.stop();
        self.server.unblock();
    }
}

fn dispatch(request: Request, handle: &impl Fn(usize, Request)) {
    if request.url() == "*" {
        // The pool's question whether a new connection is served.
        let _ = request.respond(Response::empty(204));
        return;
    }
    let mut headers = request.headers().iter();
    let listener =
        headers.find(|header| header.field.equiv(LISTENER_HEADER)).map(|header| header.value.as_str().parse());
    // The front writes this header on every request. Without it the request is dropped, and tiny_http answers 500.
    if let Some(Ok(listener)) = listener {
        handle(listener, request);
    }
}
