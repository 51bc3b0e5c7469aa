//! The intake page: files that were built before the relay was, the same for everybody, and what a browser may do with them.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// A file of the page.
pub struct File {
    /// Its path below `/i/`.
    pub path: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
    /// The same, compressed with gzip (RFC 1952).
    pub gzip: &'static [u8],
}

/// Every file; none in a relay that was built without the page.
pub const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// What a browser may do here: run what this origin serves, compile WebAssembly, and talk to this origin. Nothing inline, no
/// third party, no frame; scripts and markup are made by the two named policies alone (Trusted Types).
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types troth svelte-trusted-html";

/// Whether the page is there.
pub const fn is_built() -> bool {
    !FILES.is_empty()
}

/// The SHA-256 of every file that is served, a line each as `sha256sum` writes them: for monitors that compare the live page with
/// the release.
pub fn hashes() -> String {
    let line = |file: &File| {
        let digest = Sha256::digest(file.bytes);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex}  i/{}\n", file.path)
    };
    FILES.iter().map(line).collect()
}

pub(super) async fn index(headers: HeaderMap) -> Response {
    serve("index.html", &headers)
}

pub(super) async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    serve(&path, &headers)
}

pub(super) async fn listed() -> Response {
    if is_built() {
        ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], hashes()).into_response()
    } else {
        super::sentence(
            StatusCode::NOT_FOUND,
            "This relay was built without the intake page.",
        )
    }
}

fn serve(path: &str, asked: &HeaderMap) -> Response {
    if !is_built() {
        return missing();
    }
    let Some(file) = FILES.iter().find(|file| file.path == path) else {
        return super::sentence(StatusCode::NOT_FOUND, "There is nothing here.");
    };
    let mut headers = HeaderMap::new();
    let small = asked
        .get(header::ACCEPT_ENCODING)
        .and_then(|accepts| accepts.to_str().ok())
        .is_some_and(|accepts| accepts.split(',').any(|one| one.trim().starts_with("gzip")));
    if small {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind(path)));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    );
    // Names of files below `assets` change with what is in them. The page itself is always asked for.
    if path.starts_with("assets/") {
        let year = HeaderValue::from_static("public, max-age=31536000, immutable");
        headers.insert(header::CACHE_CONTROL, year);
    }
    let bytes = if small { file.gzip } else { file.bytes };
    (headers, Body::from(bytes)).into_response()
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn missing() -> Response {
    const PAGE: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width\">\n<title>Troth</title>\n\
        <p>This relay was built without the intake page. Ask your counselor for another way to answer; \
        nothing you typed was sent.</p>\n\
        <p lang=\"zh-Hans\">此服务器未包含登记页面。请向您的咨询师询问其他填写方式；您未提交任何内容。</p>\n</html>\n";
    (
        StatusCode::NOT_FOUND,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        PAGE,
    )
        .into_response()
}
