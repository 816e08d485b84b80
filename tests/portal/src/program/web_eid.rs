//! The site whose visitors sign in through the Web eID page library.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use kagibashi_portal::clock::SystemClock;
use kagibashi_portal::site::{self, Portal};
use kagibashi_portal::verifier::{Origin, Verifier};
use kagibashi_portal::{server, server_certificate};
use tokio::net::TcpListener;

use super::{Trust, announce, asked_to_stop, default_origin};

#[derive(Args)]
pub(super) struct WebEid {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,

    /// The origin that people visit and tokens are signed for; by default
    /// <https://portal.localhost> with the listening port.
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<Origin>,

    /// Origin of the site that `tls` runs, for a link to it on the front page.
    #[arg(long, value_name = "ORIGIN")]
    tls_site: Option<Origin>,

    #[command(flatten)]
    trust: Trust,
}

impl WebEid {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let stop = asked_to_stop();
        let trust = self.trust.read()?;
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}", self.listen))?;
        let port = listener.local_addr()?.port();
        let origin = match self.origin {
            Some(origin) => origin,
            None => default_origin(port)?,
        };
        let certificate = server_certificate::make(&origin)?;
        self.trust.publish(&certificate)?;

        let announcement = format!("listening {origin}\n");
        let portal = Portal::new(Verifier::new(origin, trust), Arc::new(SystemClock))
            .with_tls_site(self.tls_site);
        announce(&announcement)?;
        server::serve(
            listener,
            certificate.tls,
            site::router(Arc::new(portal)),
            stop,
        )
        .await?;
        Ok(())
    }
}
