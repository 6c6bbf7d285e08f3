//! The page's files: read from `www/` in debug builds, so that an edit needs only a reload; inside the binary in release builds.

use std::borrow::Cow;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "www/"]
struct Www;

/// One file of the page.
pub struct File {
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, for Content-Type.
    pub media_type: &'static str,
    /// Its SHA-256 as an entity tag (RFC 9110 section 8.8.3).
    pub etag: String,
}

/// The file at `path` (`/` is the page), or none: no folder, no hidden file, nothing outside `www/`.
pub fn file(path: &str) -> Option<File> {
    let name = match path {
        "/" => "index.html",
        _ => path.strip_prefix('/')?,
    };
    let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_plain);
    if !name.split('/').all(plain) {
        return None;
    }
    let file = Www::get(name)?;
    let hash: String = file.metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    Some(File { bytes: file.data, media_type: media_type(name), etag: format!("\"{hash}\"") })
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
