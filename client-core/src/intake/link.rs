//! The link's text: `<relay>/i#v1.<invite>.<recipient key digest>.<secret>`, each part in base64url without padding
//! (RFC 4648). What stands behind `#` never reaches the relay.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use troth_protocol::ids::{Hash, InviteId};
use zeroize::Zeroizing;

use super::IntakeError;
use crate::crypto::IntakeSecret;

/// An intake link. Its text is a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct IntakeLink {
    /// The relay's address, without a path.
    pub relay: String,
    /// The invite.
    pub invite: InviteId,
    /// SHA-256 of the recipient key.
    pub recipient: Hash,
    /// What opens the form and signs what is sent.
    pub secret: IntakeSecret,
}

impl fmt::Debug for IntakeLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IntakeLink({} at {})", self.invite, self.relay)
    }
}

impl IntakeLink {
    /// The text, to be sent to one person.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}/i#{}", self.relay, self.fragment().as_str()))
    }

    /// What stands behind `#`.
    pub fn fragment(&self) -> Zeroizing<String> {
        let secret = Zeroizing::new(BASE64URL_NOPAD.encode(self.secret.to_bytes().as_slice()));
        Zeroizing::new(format!(
            "v1.{}.{}.{}",
            BASE64URL_NOPAD.encode(&self.invite.0),
            BASE64URL_NOPAD.encode(&self.recipient.0),
            secret.as_str()
        ))
    }

    /// Reads a link as somebody pasted it; what mail programs put around it or break it with is left out.
    ///
    /// # Errors
    /// [`IntakeError::NotALink`], [`IntakeError::Truncated`], [`IntakeError::Version`].
    pub fn parse(text: &str) -> Result<Self, IntakeError> {
        let bare = |c: char| !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | '\u{200b}' | '\u{feff}');
        let text = Zeroizing::new(text.chars().filter(|c| bare(*c)).collect::<String>());
        let (address, fragment) = text.split_once('#').ok_or(IntakeError::NotALink)?;
        let relay = address.trim_end_matches('/').strip_suffix("/i");
        let relay = relay.ok_or(IntakeError::NotALink)?;
        if !relay.starts_with("https://") && !relay.starts_with("http://") {
            return Err(IntakeError::NotALink);
        }
        Self::from_fragment(relay, fragment)
    }

    /// The same for a page that knows its own address.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_fragment(relay: &str, fragment: &str) -> Result<Self, IntakeError> {
        let mut parts = fragment.split('.');
        match parts.next() {
            Some("v1") => {}
            Some(version) if version.starts_with('v') && version.len() < 8 => {
                return Err(IntakeError::Version(version.to_owned()));
            }
            _ => return Err(IntakeError::NotALink),
        }
        let invite = InviteId(part(parts.next())?);
        let recipient = Hash(part(parts.next())?);
        let secret = Zeroizing::new(part::<32>(parts.next())?);
        if parts.next().is_some() {
            return Err(IntakeError::Truncated);
        }
        Ok(Self {
            relay: relay.to_owned(),
            invite,
            recipient,
            secret: IntakeSecret::from_bytes(&secret),
        })
    }
}

fn part<const N: usize>(text: Option<&str>) -> Result<[u8; N], IntakeError> {
    let text = text.ok_or(IntakeError::Truncated)?;
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| IntakeError::Truncated)?;
    bytes.as_slice().try_into().map_err(|_| IntakeError::Truncated)
}
