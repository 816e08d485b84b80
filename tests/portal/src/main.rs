//! `kagibashi-portal`: the demo portal as a program.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::Parser;
use kagibashi_portal::clock::SystemClock;
use kagibashi_portal::site::{self, Portal};
use kagibashi_portal::verifier::{Origin, TrustStore, Verifier};
use kagibashi_portal::{server, server_certificate};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// Default host of the origin: every name under localhost leads to this
/// machine (RFC 6761, section 6.3).
const DEFAULT_HOST: &str = "portal.localhost";

/// A demo portal: sign in with a client certificate, sign a document.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,

    /// The origin that people visit and tokens are signed for; by default
    /// <https://portal.localhost> with the listening port.
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<Origin>,

    /// PEM file, or folder of PEM files, with the certificate authorities
    /// whose clients may sign in (repeatable).
    #[arg(long, required = true, value_name = "DIR|FILE")]
    trust: Vec<PathBuf>,

    /// Where to write the PEM of the authority behind the site's own TLS
    /// certificate, for a browser to trust.
    #[arg(long, alias = "self-ca-out", value_name = "FILE")]
    ca_out: Option<PathBuf>,

    /// Log in JSON lines instead of text (both to standard error).
    #[arg(long)]
    json_log: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    start_log(arguments.json_log);

    let mut trust = TrustStore::default();
    for path in &arguments.trust {
        trust.add_path(path)?;
    }
    ensure!(!trust.is_empty(), "--trust names no certificate");

    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let port = listener.local_addr()?.port();
    let origin = match arguments.origin {
        Some(origin) => origin,
        None => default_origin(port)?,
    };

    let certificate = server_certificate::make(&origin)?;
    if let Some(path) = &arguments.ca_out {
        std::fs::write(path, &certificate.authority_pem)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }

    let announcement = format!("listening {origin}\n");
    let portal = Portal::new(Verifier::new(origin, trust), Arc::new(SystemClock));
    // The socket is bound and listens already: whoever reads this line can
    // connect at once.
    std::io::stdout().write_all(announcement.as_bytes())?;
    std::io::stdout().flush()?;
    server::serve(
        listener,
        certificate.tls,
        site::router(Arc::new(portal)),
        asked_to_stop(),
    )
    .await?;
    Ok(())
}

fn default_origin(port: u16) -> anyhow::Result<Origin> {
    let text = match port {
        443 => format!("https://{DEFAULT_HOST}"),
        _ => format!("https://{DEFAULT_HOST}:{port}"),
    };
    Ok(text.parse()?)
}

fn start_log(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if json {
        log.json().init();
    } else {
        log.with_ansi(false).init();
    }
}

/// Ctrl-C, or SIGTERM where there is one.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => (),
                _ = tokio::signal::ctrl_c() => (),
            }
            return;
        }
    }
    // Without a signal handler the process simply runs until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
