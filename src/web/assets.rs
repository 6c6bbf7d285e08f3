//! The page's files: our own page, or any folder given with `--www`. Edit it to serve one more media type.

use std::borrow::Cow;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use rust_embed::RustEmbed;

use super::Reply;
use crate::store::LocalError;

/// Our own page: read from `www/` in debug builds, so that an edit needs only a reload; inside the binary in release builds.
#[derive(RustEmbed)]
#[folder = "www/"]
struct OwnPage;

/// Largest file that is served; the http front passes on answers of up to 16 MiB.
const FILE_BYTES_MAX: u64 = 15 * 1024 * 1024;

/// Checks the folder `dir` and returns its canonical path. `secrets` are paths, there or not yet, that must never be served.
///
/// # Errors
/// When `dir` cannot be read, has no index.html, or one of `secrets` is inside it.
pub fn folder(dir: &Path, secrets: &[PathBuf]) -> Result<PathBuf, LocalError> {
    let shown = dir.display();
    let root = dir.canonicalize().map_err(|source| {
        LocalError::new(format!("cannot read the page's folder {shown}"), "give --www a folder that exists")
            .because(source)
    })?;
    if !root.join("index.html").is_file() {
        let hint = "give --www the folder that your index.html is in";
        return Err(LocalError::new(format!("the page's folder {shown} has no index.html"), hint));
    }
    match secrets.iter().find(|secret| is_inside(&root, secret)) {
        None => Ok(root),
        Some(secret) => Err(LocalError::new(
            format!("the page's folder {shown} would serve the secrets in {}", secret.display()),
            "move the page into a folder of its own, or give another --data-dir",
        )),
    }
}

/// Whether `path`, or the place where it will be made, is in `root`.
fn is_inside(root: &Path, path: &Path) -> bool {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.into());
    absolute.ancestors().find_map(|there| there.canonicalize().ok()).is_none_or(|there| there.starts_with(root))
}

/// Answers with what is at `path`, a request's path, in the folder `www` or, without one, in our own page. A path that ends with a
/// slash means the index.html in that folder.
///
/// # Errors
/// `NotFound` also for hidden files, for names of other characters than letters, digits and `._-`, and for links that
/// lead out of the folder; `FileTooLarge`; what the system answers.
pub(super) fn get(www: Option<&Path>, path: &str, if_none_match: Option<&str>) -> io::Result<Reply> {
    let mut name = path.strip_prefix('/').ok_or(ErrorKind::NotFound)?.to_owned();
    if name.is_empty() || name.ends_with('/') {
        name += "index.html";
    }
    if !name.split('/').all(is_plain) {
        return Err(ErrorKind::NotFound.into());
    }
    let found = match www {
        None => read_own(&name),
        Some(root) => read(root, &name),
    };
    let (bytes, etag) = match found {
        // Relative URLs in a folder's index.html need the slash at its end.
        Err(error) if error.kind() == ErrorKind::IsADirectory => {
            let headers = vec![("Location", format!("{path}/"))];
            return Ok(Reply { status: 301, headers, body: Cow::default() });
        }
        found => found?,
    };
    // A list of tags, compared weakly, or `*` for any (RFC 9110 §13.1.2).
    let is_known = |tag: &str| tag == "*" || tag.trim_start_matches("W/") == etag;
    let known = if_none_match.is_some_and(|tags| tags.split(',').map(str::trim).any(is_known));
    let (status, body) = if known { (304, Cow::default()) } else { (200, bytes) };
    Ok(Reply { status, headers: vec![("Content-Type", media_type(&name).into()), ("ETag", etag)], body })
}

/// Reads one file of our own page: its bytes and its entity tag.
fn read_own(name: &str) -> io::Result<(Cow<'static, [u8]>, String)> {
    let file = OwnPage::get(name).ok_or(ErrorKind::NotFound)?;
    Ok((file.data, etag(&file.metadata.sha256_hash())))
}

/// The same of a folder. A symbolic link counts as what it leads to.
fn read(root: &Path, name: &str) -> io::Result<(Cow<'static, [u8]>, String)> {
    let path = root.join(name).canonicalize()?;
    let inside = path.strip_prefix(root).map_err(|_| ErrorKind::NotFound)?;
    let is_hidden = inside.iter().any(|part| part.as_encoded_bytes().starts_with(b"."));
    let metadata = fs::metadata(&path)?;
    match (metadata.is_dir(), metadata.is_file()) {
        _ if is_hidden => Err(ErrorKind::NotFound.into()),
        (true, _) => Err(ErrorKind::IsADirectory.into()),
        // A pipe or a device could keep its reader waiting for ever.
        (_, false) => Err(ErrorKind::NotFound.into()),
        _ if metadata.len() > FILE_BYTES_MAX => Err(ErrorKind::FileTooLarge.into()),
        _ => fs::read(path).map(|bytes| {
            let etag = etag(digest(&SHA256, &bytes).as_ref());
            (bytes.into(), etag)
        }),
    }
}

/// Half of a file's SHA-256 as an entity tag (RFC 9110 §8.8.3).
fn etag(sha256: &[u8]) -> String {
    let hash: String = sha256[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hash}\"")
}

fn is_plain(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain)
}

/// A table, not a crate: `nosniff` makes browsers refuse a script or style of another type, and these are what pages use.
fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "txt" | "md" => "text/plain; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "pdf" => "application/pdf",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}
