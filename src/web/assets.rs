//! The page's files: our own page, or any folder given with `--www`. Edit it to serve one more media type.

use std::borrow::Cow;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use crate::http::SetupError;

/// Our own page: read from `www/` in debug builds, so that an edit needs only a reload; inside the binary in release builds.
#[derive(RustEmbed)]
#[folder = "www/"]
struct OwnPage;

/// Largest file that is served; the http front passes on answers of up to 16 MiB.
const FILE_BYTES_MAX: u64 = 15 * 1024 * 1024;

/// Where the page's files come from.
#[derive(Debug, Clone)]
pub enum Assets {
    /// Our own page.
    Own,
    /// A folder on disk (its canonical path), read at each request.
    Folder(PathBuf),
}

/// What a path names.
pub enum Asset {
    /// One file.
    File(File),
    /// A folder named without the slash at its end, which relative URLs in its index.html need.
    Folder,
}

/// One file of the page.
pub struct File {
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, for Content-Type.
    pub media_type: &'static str,
    /// Half of its SHA-256 as an entity tag (RFC 9110 §8.8.3).
    pub etag: String,
}

impl Assets {
    /// The folder `dir`. `secrets` are paths, there or not yet, that must never be served.
    ///
    /// # Errors
    /// When `dir` cannot be read, has no index.html, or one of `secrets` lies inside it.
    pub fn folder(dir: &Path, secrets: &[PathBuf]) -> Result<Assets, SetupError> {
        let shown = dir.display();
        let root = dir.canonicalize().map_err(|source| {
            SetupError::new(format!("cannot read the page's folder {shown}"), "give --www a folder that exists")
                .because(source)
        })?;
        if !root.join("index.html").is_file() {
            let hint = "give --www the folder that your index.html is in";
            return Err(SetupError::new(format!("the page's folder {shown} has no index.html"), hint));
        }
        match secrets.iter().find(|secret| is_inside(&root, secret)) {
            None => Ok(Assets::Folder(root)),
            Some(secret) => Err(SetupError::new(
                format!("the page's folder {shown} would serve the secrets in {}", secret.display()),
                "move the page into a folder of its own, or give another --data-dir",
            )),
        }
    }

    /// What is at `path`, a request's path; a path that ends with a slash means the index.html in that folder.
    ///
    /// # Errors
    /// `NotFound` also for hidden files, for names of other characters than letters, digits and `._-`, and for links that
    /// lead out of the folder; `FileTooLarge`; what the system answers.
    pub fn get(&self, path: &str) -> io::Result<Asset> {
        let mut name = path.strip_prefix('/').ok_or(ErrorKind::NotFound)?.to_owned();
        if name.is_empty() || name.ends_with('/') {
            name += "index.html";
        }
        if !name.split('/').all(is_plain) {
            return Err(ErrorKind::NotFound.into());
        }
        let media_type = media_type(&name);
        match self {
            Assets::Own => {
                let file = OwnPage::get(&name).ok_or(ErrorKind::NotFound)?;
                Ok(Asset::File(File { bytes: file.data, media_type, etag: etag(&file.metadata.sha256_hash()) }))
            }
            Assets::Folder(root) => Ok(match read(root, &name)? {
                None => Asset::Folder,
                Some(bytes) => {
                    let hash = ring::digest::digest(&ring::digest::SHA256, &bytes);
                    Asset::File(File { bytes: bytes.into(), media_type, etag: etag(hash.as_ref()) })
                }
            }),
        }
    }
}

/// Whether `path`, or the place where it will be made, lies in `root`.
fn is_inside(root: &Path, path: &Path) -> bool {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.into());
    absolute.ancestors().find_map(|there| there.canonicalize().ok()).is_none_or(|there| there.starts_with(root))
}

/// The file's bytes; `None` for a folder. A symbolic link counts as what it leads to.
fn read(root: &Path, name: &str) -> io::Result<Option<Vec<u8>>> {
    let path = root.join(name).canonicalize()?;
    let inside = path.strip_prefix(root).map_err(|_| ErrorKind::NotFound)?;
    let is_hidden = inside.iter().any(|part| part.as_encoded_bytes().starts_with(b"."));
    let metadata = fs::metadata(&path)?;
    if is_hidden {
        return Err(ErrorKind::NotFound.into());
    }
    match (metadata.is_dir(), metadata.is_file()) {
        (true, _) => Ok(None),
        // A pipe or a device could keep its reader waiting for ever.
        (_, false) => Err(ErrorKind::NotFound.into()),
        _ if metadata.len() > FILE_BYTES_MAX => Err(ErrorKind::FileTooLarge.into()),
        _ => fs::read(path).map(Some),
    }
}

fn is_plain(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain)
}

fn etag(sha256: &[u8]) -> String {
    let hash: String = sha256[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hash}\"")
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
