//! The accept loop of one listener: a place in the connection table and a thread for each connection.

use super::connection;
use super::connection::Context;
use super::connections::ConnectionTable;
use super::limits::STACK_BYTES;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Accepts until the table stops. No error ends it, while tiny_http's own loop ends for good at the first one.
pub(super) fn accept(socket: &TcpListener, table: &Arc<ConnectionTable>, context: &Arc<Context>) {
    while !table.is_stopping() {
        match socket.accept() {
            Ok((tcp, peer)) => start(tcp, peer, table, context),
            Err(error) => {
                (context.log)(&format!("cannot accept: {error}"));
                // Out of descriptors or memory: trying again at once would only spin.
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

fn start(tcp: TcpStream, peer: SocketAddr, table: &Arc<ConnectionTable>, context: &Arc<Context>) {
    let tcp = Arc::new(tcp);
    let Some(guard) = table.admit(Arc::clone(&tcp)) else {
        if !table.is_stopping() {
            (context.log)(&format!("{peer}: closed: every connection is busy"));
        }
        return;
    };
    let log = context.log;
    let context = Arc::clone(context);
    let serve = move || {
        if let Some(refused) = connection::serve(&context, tcp, &guard) {
            log(&format!("{peer}: {refused}"));
        }
    };
    if let Err(error) = thread::Builder::new().stack_size(STACK_BYTES).spawn(serve) {
        log(&format!("{peer}: closed: no thread: {error}"));
    }
}
