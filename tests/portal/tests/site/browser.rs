//! A browser of a few lines: HTTP/1.1 over TLS, one connection per request,
//! and a jar for one cookie.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

#[derive(Clone)]
pub struct Browser {
    pub address: SocketAddr,
    pub origin: String,
    pub cookie: Option<String>,
    connector: TlsConnector,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// Status and problem code, the way a refusal is compared.
    pub fn refusal(&self) -> (u16, String) {
        let code = self.json()["code"].as_str().unwrap_or_default().to_owned();
        (self.status, code)
    }
}

impl Browser {
    /// A browser that trusts exactly the authority of that PEM.
    pub fn new(address: SocketAddr, origin: &str, authority_pem: &str) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(authority_pem.as_bytes()).unwrap();
        roots.add(authority).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            address,
            origin: origin.to_owned(),
            cookie: None,
            connector: TlsConnector::from(Arc::new(config)),
        }
    }

    pub fn host(&self) -> &str {
        self.origin.strip_prefix("https://").unwrap()
    }

    /// Sends a whole request as it stands and reads the whole answer.
    pub async fn exchange(&self, server_name: &str, request: &[u8]) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from(server_name.to_owned()).unwrap();
        let mut stream = self.connector.connect(name, stream).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut bytes = Vec::new();
        // A server that refuses a body early may close without ceremony.
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer with a head");
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// A request with just these headers besides the ones every browser sends.
    pub async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let length = body.len().to_string();
        let mut lines = vec![("Connection", "close"), ("Content-Length", &length)];
        if !headers.iter().any(|(name, _)| *name == "Host") {
            lines.push(("Host", self.host()));
        }
        if let Some(cookie) = &self.cookie {
            lines.push(("Cookie", cookie));
        }
        lines.extend(headers);
        let head: Vec<_> = lines
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let request = format!("{method} {path} HTTP/1.1\r\n{}\r\n{body}", head.concat());
        let answer = self.exchange("localhost", request.as_bytes()).await;
        if let Some(set) = answer.header("set-cookie") {
            let (pair, attributes) = set.split_once("; ").unwrap();
            self.cookie = (!attributes.contains("Max-Age=0")).then(|| pair.to_owned());
        }
        answer
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.request("GET", path, &[], "").await
    }

    /// A request as the site's own script sends it.
    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        let origin = self.origin.clone();
        let headers = [
            ("Origin", origin.as_str()),
            ("Content-Type", "application/json"),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        self.request("POST", path, &headers, &body.to_string())
            .await
    }
}
