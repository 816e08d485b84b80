//! The origin of a site, as a browser serialises it.

use url::{Host, Url};

use crate::error::{ErrorCode, Failure};
use crate::limit::ORIGIN_MAX;

/// An `https` origin: `https://host` or `https://host:port`, nothing else.
///
/// Kept as the exact text that is signed: lower case, punycode, no default
/// port, no path (Web eID protocol: "origin").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    text: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// Takes `text` only if it is an origin in its own canonical form.
    ///
    /// # Errors
    /// `invalid-origin` for anything else: other schemes, opaque origins, a
    /// path, a trailing slash, a default port written out, Unicode hosts.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let invalid = || Failure::new(ErrorCode::InvalidOrigin);
        if text.len() > ORIGIN_MAX {
            return Err(invalid());
        }
        let url = Url::parse(text).map_err(|_| invalid())?;
        // A browser never writes an origin that differs from its own
        // serialisation, so whatever differs did not come from a browser.
        if url.scheme() != "https" || url.origin().ascii_serialization() != text {
            return Err(invalid());
        }
        let host = match url.host() {
            Some(Host::Domain(domain)) if !domain.is_empty() => domain.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => format!("[{address}]"),
            _ => return Err(invalid()),
        };
        Ok(Self {
            text: text.to_owned(),
            host,
            port: url.port(),
        })
    }

    /// The text that is signed and shown.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host in ASCII.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host as it reads, when that differs from its ASCII form.
    pub fn unicode_host(&self) -> Option<String> {
        let (unicode, outcome) = idna::domain_to_unicode(&self.host);
        (outcome.is_ok() && unicode != self.host).then_some(unicode)
    }

    /// The port, when it is not 443.
    pub fn port(&self) -> Option<u16> {
        self.port
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_a_browser_writes() {
        for (text, host, port) in [
            ("https://portal.example.jp", "portal.example.jp", None),
            ("https://localhost:8443", "localhost", Some(8443)),
            ("https://127.0.0.1:1", "127.0.0.1", Some(1)),
            ("https://[::1]:8443", "[::1]", Some(8443)),
            (
                "https://xn--eckwd4c7c.example",
                "xn--eckwd4c7c.example",
                None,
            ),
        ] {
            let origin = Origin::parse(text).unwrap();
            assert_eq!(
                (origin.as_str(), origin.host(), origin.port()),
                (text, host, port)
            );
        }
        let origin = Origin::parse("https://xn--wgv71a119e.jp").unwrap();
        assert_eq!(origin.unicode_host().as_deref(), Some("日本語.jp"));
        assert_eq!(
            Origin::parse("https://example.jp").unwrap().unicode_host(),
            None
        );
    }

    #[test]
    fn refuses_everything_else() {
        let long = format!("https://{}.jp", "a".repeat(ORIGIN_MAX));
        for text in [
            "",
            "null",
            "https://",
            "http://portal.example.jp",
            "ftp://portal.example.jp",
            "wss://portal.example.jp",
            "file:///etc/passwd",
            "data:text/html,x",
            "https://portal.example.jp/",
            "https://portal.example.jp/login",
            "https://portal.example.jp?x",
            "https://portal.example.jp#x",
            "https://portal.example.jp:443",
            "https://Portal.example.jp",
            "HTTPS://portal.example.jp",
            "https://日本語.jp",
            "https://user@portal.example.jp",
            " https://portal.example.jp",
            "https://portal.example.jp\n",
            "https://portal.example.jp:99999",
            "portal.example.jp",
            &long,
        ] {
            let failure = Origin::parse(text).unwrap_err();
            assert_eq!(failure.code, ErrorCode::InvalidOrigin, "{text:?}");
        }
    }
}
