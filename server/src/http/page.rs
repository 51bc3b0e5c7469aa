//! The intake page: files that were built before the relay was, the same for everybody, and what a browser may do with them.
//!
//! A relay serves it for itself. `troth-server page` serves it on an origin of its own for a relay elsewhere: then one line of one
//! file says where that is, and the policy lets it be asked.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::str::FromStr;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

use crate::config::ConfigError;

/// A file of the page.
pub struct File {
    /// Its path below `/i/`.
    pub path: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
    /// The same, compressed with gzip (RFC 1952).
    pub gzip: &'static [u8],
    /// The same, compressed with Brotli (RFC 7932).
    pub brotli: &'static [u8],
}

/// Every file; none in a relay that was built without the page.
pub const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

const INDEX: &str = "index.html";
/// Where the index says which relay it is for, if it is not the one that serves it.
const PLACE: &str = "<meta name=\"robots\"";

/// What a browser may do here: run what this origin serves, compile WebAssembly, and talk to the relay. Nothing inline, no third
/// party, no frame; scripts and markup are made by the two named policies alone (Trusted Types).
const POLICY: [&str; 2] = [
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
     img-src 'self'; connect-src 'self'",
    "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types troth svelte-trusted-html",
];

/// A relay on another origin than the page's: its address, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere(String);

impl FromStr for Elsewhere {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let uri = text.trim_end_matches('/').parse::<Uri>().ok();
        let named = uri
            .as_ref()
            .and_then(|uri| Some((uri.scheme_str()?, uri.authority()?)));
        match named {
            Some((scheme @ ("http" | "https"), at)) if !at.as_str().contains('@') => {
                let address = format!("{scheme}://{at}");
                let bare = text.trim_end_matches('/') == address && address.bytes().all(is_plain);
                bare.then_some(Self(address))
            }
            _ => None,
        }
        .ok_or_else(|| {
            ConfigError(format!(
                "{text:?} is no relay's address: give it as https://HOST[:PORT], without a path"
            ))
        })
    }
}

/// Neither markup nor a policy takes anything else for what it is not.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.:[]/".contains(&byte)
}

impl Elsewhere {
    /// The policy's words for talking to it: HTTP for receipts, a WebSocket for the rest.
    fn sources(&self) -> String {
        let socket = self.0.replacen("http", "ws", 1);
        format!(" {} {socket}", self.0)
    }
}

/// Whether the page is there.
pub const fn is_built() -> bool {
    !FILES.is_empty()
}

/// The SHA-256 of every file that is served, a line each as `sha256sum` writes them: for monitors that compare the live page with
/// the release.
pub fn hashes(relay: Option<&Elsewhere>) -> String {
    FILES.iter().fold(String::new(), |mut lines, file| {
        for byte in Sha256::digest(plain(file, relay)) {
            let _ = write!(lines, "{byte:02x}");
        }
        let _ = writeln!(lines, "  i/{}", file.path);
        lines
    })
}

/// A file's bytes as they are served to who takes nothing compressed.
fn plain(file: &File, relay: Option<&Elsewhere>) -> Cow<'static, [u8]> {
    let Some(Elsewhere(address)) = relay.filter(|_| file.path == INDEX) else {
        return Cow::Borrowed(file.bytes);
    };
    let text = String::from_utf8_lossy(file.bytes);
    let line = format!("<meta name=\"troth-relay\" content=\"{address}\" />\n    {PLACE}");
    Cow::Owned(text.replacen(PLACE, &line, 1).into_bytes())
}

/// The routes of the page: `/i` and what is below it, `/r`, where a receipt is checked, and the files' hashes.
pub fn routes<S: Clone + Send + Sync + 'static>(relay: Option<Elsewhere>) -> Router<S> {
    let index = || {
        let relay = relay.clone();
        get(move |headers: HeaderMap| async move { serve(INDEX, &headers, relay.as_ref()) })
    };
    let (below, listing) = (relay.clone(), relay.clone());
    let file = move |Path(path): Path<String>, headers: HeaderMap| async move {
        serve(&path, &headers, below.as_ref())
    };
    Router::new()
        .route("/i", index())
        .route("/i/", index())
        .route("/r", index())
        .route("/i/{*path}", get(file))
        .route(
            "/.well-known/troth-assets",
            get(|| async move { listed(listing.as_ref()) }),
        )
}

fn listed(relay: Option<&Elsewhere>) -> Response {
    if is_built() {
        (
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
            hashes(relay),
        )
            .into_response()
    } else {
        super::sentence(
            StatusCode::NOT_FOUND,
            "This relay was built without the intake page.",
        )
    }
}

fn serve(path: &str, asked: &HeaderMap, relay: Option<&Elsewhere>) -> Response {
    if !is_built() {
        return missing();
    }
    let Some(file) = FILES.iter().find(|file| file.path == path) else {
        return super::sentence(StatusCode::NOT_FOUND, "There is nothing here.");
    };
    let mut headers = HeaderMap::new();
    let own = relay.is_some() && path == INDEX;
    let (bytes, coding) = if own {
        (plain(file, relay), None)
    } else if accepts(asked, "br") {
        (Cow::Borrowed(file.brotli), Some("br"))
    } else if accepts(asked, "gzip") {
        (Cow::Borrowed(file.gzip), Some("gzip"))
    } else {
        (Cow::Borrowed(file.bytes), None)
    };
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    for (name, value) in [
        (header::VARY, "accept-encoding"),
        (header::CONTENT_TYPE, kind(path)),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let [before, after] = POLICY;
    let policy = format!(
        "{before}{}{after}",
        relay.map(Elsewhere::sources).unwrap_or_default()
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    // Names of files below `assets` change with what is in them. The page itself is always asked for.
    if path.starts_with("assets/") {
        let year = HeaderValue::from_static("public, max-age=31536000, immutable");
        headers.insert(header::CACHE_CONTROL, year);
    }
    let body = match bytes {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    (headers, body).into_response()
}

/// Whether a coding is among those that the browser takes (RFC 9110 §12.5.3).
fn accepts(asked: &HeaderMap, coding: &str) -> bool {
    let values = asked.get_all(header::ACCEPT_ENCODING).into_iter();
    let mut codings = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    codings.any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        name.trim().eq_ignore_ascii_case(coding) && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00")
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_elsewhere_is_an_address_and_nothing_that_could_be_markup_or_policy() {
        for good in [
            "https://relay.example",
            "http://127.0.0.1:8787",
            "https://[::1]:8443/",
        ] {
            assert!(good.parse::<Elsewhere>().is_ok(), "{good}");
        }
        for bad in [
            "relay.example",
            "ftp://relay.example",
            "https://relay.example/path",
            "https://a@relay.example",
            "https://relay.example;script-src *",
            "https://relay.example\"><script>",
            "https://relay.example https://evil.example",
            "",
        ] {
            assert!(bad.parse::<Elsewhere>().is_err(), "{bad}");
        }
        let relay: Elsewhere = "https://relay.example:8443".parse().unwrap();
        assert_eq!(
            relay.sources(),
            " https://relay.example:8443 wss://relay.example:8443"
        );
    }

    #[test]
    fn a_browser_is_given_what_it_takes() {
        let asked = |value: &'static str| {
            HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))])
        };
        assert!(accepts(&asked("gzip, deflate, br, zstd"), "br"));
        assert!(accepts(&asked("gzip;q=0.5,br ; q=1.0"), "gzip"));
        assert!(!accepts(&asked("gzip, brotli"), "br"));
        assert!(!accepts(&asked("br;q=0, gzip"), "br"));
        assert!(!accepts(&HeaderMap::new(), "br"));
    }
}
