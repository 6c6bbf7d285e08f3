//! Commands that the programs print for people to paste into a shell.

use std::path::Path;

use super::note;
use crate::store::ownership::open_to_others;

/// `text` as one word for a POSIX shell: in quotes where it needs them.
pub fn quoted(text: &str) -> String {
    // It fails for a zero byte, which neither a path nor a URL can hold.
    shlex::try_quote(text).map_or_else(|_| String::new(), |word| word.into_owned())
}

/// [`quoted`] for a path.
pub fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// Notes on stderr that others than its owner may read the secret in `path`, and the command that ends that.
pub fn note_open_secret(program: &str, path: &Path) {
    if let Some(mode) = open_to_others(path) {
        let (path, quoted) = (path.display(), quoted_path(path));
        note(program, format_args!("others may use the secret in {path} (mode {mode:04o}): chmod 600 {quoted}"));
    }
}
