//! nginx's configuration: two ports, each of one TLS version.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::visit::HEADERS;
use crate::server_certificate::ServerCertificate;
use crate::verifier::{Origin, TrustStore};

/// File names inside nginx's folder. nginx runs in it and finds them as they
/// stand here, whatever the folder itself is called.
pub(super) const CONFIGURATION: &str = "nginx.conf";
pub(super) const PROCESS_ID: &str = "nginx.pid";
pub(super) const SERVER_KEY: &str = "server.key";
const SERVER_CERTIFICATE: &str = "server.pem";
const CLIENT_AUTHORITIES: &str = "client-authorities.pem";
const ACCESS_LOG: &str = "access.log";

/// Name of the upstream's socket in nginx's folder.
pub const UPSTREAM_SOCKET: &str = "upstream.sock";

/// One of the two ports.
#[derive(Debug)]
pub struct Port {
    /// The only version it speaks, as nginx writes it: `TLSv1.2` or `TLSv1.3`.
    pub protocol: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    /// What visitors call it.
    pub origin: Origin,
}

/// How nginx is set up.
#[derive(Debug)]
pub struct Configuration<'a> {
    /// TLS 1.2 and TLS 1.3.
    pub ports: [Port; 2],
    /// Whether TLS sessions can be resumed.
    pub resumption: bool,
    /// Whether a connection serves more than one request.
    pub keepalive: bool,
    /// Where to note every request, one JSON object per line.
    pub access_log: Option<&'a Path>,
}

impl Configuration<'_> {
    /// Writes everything nginx reads into `folder`, which no other user may
    /// enter: a private key is among it.
    pub fn write(
        &self,
        folder: &Path,
        server: &ServerCertificate,
        clients: &TrustStore,
    ) -> io::Result<()> {
        let by_root = fs::metadata(folder)?.uid() == 0;
        fs::write(folder.join(CONFIGURATION), self.text(by_root))?;
        fs::write(folder.join(SERVER_CERTIFICATE), &server.certificate_pem)?;
        fs::write(folder.join(SERVER_KEY), &server.key_pem)?;
        fs::write(folder.join(CLIENT_AUTHORITIES), pem_of(clients))?;
        if let Some(log) = self.access_log {
            // A link, as nginx would take a `$` in a path for a variable.
            let log = std::path::absolute(log)?;
            std::os::unix::fs::symlink(log, folder.join(ACCESS_LOG))?;
        }
        Ok(())
    }

    fn text(&self, by_root: bool) -> String {
        // Root's worker would become nobody, who cannot enter root's folder.
        let user = if by_root { "user root;\n" } else { "" };
        let access_log = match self.access_log {
            Some(_) => format!("{ACCESS_LOG} request"),
            None => "off".to_owned(),
        };
        let keepalive = if self.keepalive { "65s" } else { "0" };
        let (cache, tickets) = if self.resumption {
            ("shared:portal:1m", "on")
        } else {
            ("off", "off")
        };
        let mut headers = String::new();
        for (name, variable) in HEADERS {
            // Writing to a String cannot fail.
            let _ = writeln!(headers, "    proxy_set_header {name} {variable};");
        }
        let servers: String = self.ports.iter().map(server_block).collect();
        format!(
            r#"daemon off;
worker_processes 1;
{user}pid {PROCESS_ID};
error_log stderr warn;
events {{
    worker_connections 512;
}}
http {{
    log_format request escape=json '{{"tlsVersion":"$ssl_protocol","clientVerify":"$ssl_client_verify",'
        '"sessionReused":"$ssl_session_reused","connection":$connection,"request":$connection_requests,'
        '"method":"$request_method","path":"$uri","status":$status,"requestId":"$request_id"}}';
    access_log {access_log};
    server_tokens off;
    keepalive_timeout {keepalive};

    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;

    ssl_certificate {SERVER_CERTIFICATE};
    ssl_certificate_key {SERVER_KEY};
    ssl_verify_client on;
    ssl_client_certificate {CLIENT_AUTHORITIES};
    ssl_verify_depth 6;
    ssl_session_cache {cache};
    ssl_session_tickets {tickets};
    ssl_session_timeout 10m;

    # Nothing a visitor sends goes on to the upstream but the address and the
    # preferred languages; the rest of what it reads is from nginx itself.
    proxy_pass_request_headers off;
    proxy_pass_request_body off;
    proxy_http_version 1.1;
    proxy_set_header Host $server_name;
    proxy_set_header Connection "";
    proxy_set_header Content-Length "";
    proxy_set_header Accept-Language $http_accept_language;
{headers}{servers}}}
"#
        )
    }
}

fn server_block(port: &Port) -> String {
    let Port {
        protocol,
        address,
        origin,
    } = port;
    format!(
        "
    server {{
        listen {address} ssl;
        server_name {host};
        ssl_protocols {protocol};
        # No certificate, or one that nginx does not accept: the upstream says
        # so in words.
        error_page 495 496 = @upstream;
        # Plain HTTP on this port.
        error_page 497 =301 {origin}/;
        location / {{
            proxy_pass http://unix:{UPSTREAM_SOCKET}:;
        }}
        location @upstream {{
            proxy_pass http://unix:{UPSTREAM_SOCKET}:;
        }}
    }}
",
        host = origin.host()
    )
}

fn pem_of(store: &TrustStore) -> String {
    let mut pem = String::new();
    for certificate in store.certificates() {
        let base64 = STANDARD.encode(certificate.der());
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        for start in (0..base64.len()).step_by(64) {
            pem.push_str(&base64[start..base64.len().min(start + 64)]);
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem
}
