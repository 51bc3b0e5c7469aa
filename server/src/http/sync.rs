//! The WebSocket's door (RFC 6455 §4.2), for HTTP/1.1.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::door::Socket;
use super::{Caller, Shared, sentence};
use crate::connection;

/// Hands the socket over to [`connection::run`].
pub async fn upgrade(State(shared): State<Shared>, mut request: Request) -> Response {
    let headers = request.headers();
    let asked = has(headers, &header::CONNECTION, "upgrade") && has(headers, &header::UPGRADE, "websocket");
    if !asked || !has(headers, &header::SEC_WEBSOCKET_VERSION, "13") {
        let mut response = sentence(
            StatusCode::UPGRADE_REQUIRED,
            "Devices speak WebSocket here, version 13.",
        );
        response
            .headers_mut()
            .insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        response
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return response;
    }
    let Some(accept) = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .map(|key| derive_accept_key(key.as_bytes()))
    else {
        return sentence(StatusCode::BAD_REQUEST, "The WebSocket key is missing.");
    };
    if !shared.relay.is_up() {
        return sentence(StatusCode::SERVICE_UNAVAILABLE, "The relay is shutting down.");
    }
    let mut caller = request.extensions_mut().remove::<Caller>();
    if let Some(caller) = &mut caller
        && !caller.forwarded_for(request.headers())
    {
        let text = "R60: too many connections come from this address; wait a little.";
        return sentence(StatusCode::TOO_MANY_REQUESTS, text);
    }
    let upgrading = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Some((socket, read)) = upgrading.await.ok().and_then(taken) else {
            return;
        };
        connection::run(socket, read, shared.relay, caller).await;
    });
    let accepted = [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
    ];
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, accepted, Body::empty()).into_response();
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        response
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

/// The socket, and what was read beyond the request. What else HTTP needed, eight KiB at least, is given back here.
fn taken(upgraded: Upgraded) -> Option<(Socket, Vec<u8>)> {
    let parts = upgraded.downcast::<TokioIo<Socket>>().ok()?;
    Some((parts.io.into_inner(), parts.read_buf.to_vec()))
}

/// Whether a header's comma-separated values have one among them, in any case.
fn has(headers: &HeaderMap, name: &HeaderName, value: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|v| v.to_str().ok());
    values
        .flat_map(|v| v.split(','))
        .any(|v| v.trim().eq_ignore_ascii_case(value))
}
