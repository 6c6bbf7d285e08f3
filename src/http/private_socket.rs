//! The private socket between the front and tiny_http: a Unix socket that only this user can reach.

use std::io;

use crate::store::LocalError;

#[cfg(windows)]
pub(super) type Stream = std::net::TcpStream;
#[cfg(unix)]
pub(super) type Stream = std::os::unix::net::UnixStream;

/// Makes a Unix socket in a folder for this user alone. Returns it for tiny_http, and what connects to it; when that is dropped,
/// folder and socket are removed.
#[cfg(unix)]
pub(super) fn listen() -> Result<(std::os::unix::net::UnixListener, impl Fn() -> io::Result<Stream> + use<>), LocalError>
{
    use std::os::unix::fs::PermissionsExt;

    let temp = std::env::temp_dir();
    // Set, because tempfile leaves folders to the umask.
    let private = std::fs::Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new().prefix("barepush").permissions(private).tempdir().map_err(|source| {
        let hint = "set TMPDIR to a folder that this user may write to";
        LocalError::new(format!("cannot make a folder in {}", temp.display()), hint).because(source)
    })?;
    let path = move || folder.path().join("http");
    let listener = std::os::unix::net::UnixListener::bind(path()).map_err(|source| {
        let hint = "set TMPDIR to a folder with a short path";
        LocalError::new(format!("cannot open a socket in {}", temp.display()), hint).because(source)
    })?;
    Ok((listener, move || Stream::connect(path())))
}

/// Opens a loopback port, since tiny_http has no Unix sockets on Windows.
#[cfg(windows)]
pub(super) fn listen() -> Result<(std::net::TcpListener, impl Fn() -> io::Result<Stream> + use<>), LocalError> {
    let opened = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|it| Ok((it.local_addr()?, it)));
    let (address, listener) = opened.map_err(|source| {
        LocalError::new("cannot open a loopback port", "check that 127.0.0.1 exists").because(source)
    })?;
    let connect = move || {
        let stream = Stream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    Ok((listener, connect))
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)] // A test may end by a panic.

    use std::fs;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};

    use super::*;

    #[test]
    fn its_folder_is_for_this_user_alone_and_goes_with_what_connects() {
        let (listener, connect) = listen().unwrap();
        let address = listener.local_addr().unwrap();
        let socket = address.as_pathname().unwrap();
        let folder = socket.parent().unwrap();
        assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(fs::metadata(socket).unwrap().file_type().is_socket());
        assert!(connect().is_ok());
        drop(connect);
        assert!(!folder.exists());
    }
}
