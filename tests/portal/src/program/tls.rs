//! The site whose visitors present their certificate in the TLS handshake.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::Args;
use kagibashi_portal::clock::SystemClock;
use kagibashi_portal::server_certificate;
use kagibashi_portal::tls_site::{
    Configuration, Nginx, Port, TlsSite, UPSTREAM_SOCKET, find_nginx, upstream,
};
use kagibashi_portal::verifier::{Certificate, TrustStore};
use tokio::net::UnixListener;

use super::{Trust, announce, asked_to_stop, default_origin};

#[derive(Args)]
pub(super) struct Tls {
    /// Where to speak TLS 1.2 only; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    tls12: SocketAddr,

    /// Where to speak TLS 1.3 only; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    tls13: SocketAddr,

    /// Let no TLS session be resumed: every connection takes a signature.
    #[arg(long)]
    no_resumption: bool,

    /// Close every connection after one request.
    #[arg(long)]
    no_keepalive: bool,

    /// Note every request in this file, one JSON object per line.
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,

    /// The nginx to run, by name or path.
    #[arg(long, default_value = "nginx", value_name = "PROGRAM")]
    nginx: String,

    #[command(flatten)]
    trust: Trust,
}

impl Tls {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let stop = asked_to_stop();
        let program = find_nginx(&self.nginx)?;
        let trust = self.trust.read()?;
        check_has_root(&trust)?;

        let listeners = [listen(self.tls12)?, listen(self.tls13)?];
        let ports = [
            port("TLSv1.2", &listeners[0])?,
            port("TLSv1.3", &listeners[1])?,
        ];
        let [tls12, tls13] = [&ports[0], &ports[1]].map(|port| port.origin.clone());
        // The certificate is for a host; both ports have the same.
        let certificate = server_certificate::make(&tls12)?;

        // Made for this user alone, which keeps others from the upstream.
        let folder = tempfile::Builder::new()
            .prefix("kagibashi-portal-")
            .tempdir()
            .context("cannot make a folder for nginx")?;
        let configuration = Configuration {
            ports,
            resumption: !self.no_resumption,
            keepalive: !self.no_keepalive,
            access_log: self.access_log.as_deref(),
        };
        configuration
            .write(folder.path(), &certificate, &trust)
            .context("cannot write nginx's configuration")?;

        let site = TlsSite::new(trust, Arc::new(SystemClock), tls12.clone(), tls13.clone());
        let socket = bind_upstream(folder.path())?;
        let mut nginx = Nginx::start(&program, folder.path(), listeners).await?;
        self.trust.publish(&certificate)?;
        announce(&format!(
            "listening-tls12 {tls12}\nlistening-tls13 {tls13}\n"
        ))?;

        tokio::select! {
            served = axum::serve(socket, upstream(Arc::new(site))) => served?,
            failure = nginx.ended() => return Err(failure.into()),
            () = stop => (),
        }
        nginx.stop().await;
        Ok(())
    }
}

/// nginx follows a certificate's issuers up to a root, unlike the verifier,
/// which is content with an intermediate.
fn check_has_root(trust: &TrustStore) -> anyhow::Result<()> {
    let has_root = trust.certificates().iter().any(Certificate::is_self_issued);
    ensure!(
        has_root,
        "--trust names no root certificate; nginx needs it besides the intermediate"
    );
    Ok(())
}

fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))
}

fn port(protocol: &'static str, listener: &TcpListener) -> anyhow::Result<Port> {
    let address = listener.local_addr()?;
    Ok(Port {
        protocol,
        address,
        origin: default_origin(address.port())?,
    })
}

fn bind_upstream(folder: &Path) -> anyhow::Result<UnixListener> {
    let path = folder.join(UPSTREAM_SOCKET);
    UnixListener::bind(&path).with_context(|| format!("cannot listen on {}", path.display()))
}
