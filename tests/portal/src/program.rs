//! The command line.

#[cfg(unix)]
mod tls;
mod web_eid;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::{Args, Parser};
use kagibashi_portal::server_certificate::ServerCertificate;
use kagibashi_portal::verifier::{Origin, TrustStore};
use tracing_subscriber::EnvFilter;

/// Default host of the origins: every name under localhost leads to this
/// machine (RFC 6761, section 6.3).
const DEFAULT_HOST: &str = "portal.localhost";

/// A demo portal: sign in with a client certificate, sign a document.
#[derive(Parser)]
#[command(
    version,
    about,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub struct Arguments {
    #[cfg(unix)]
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    web_eid: web_eid::WebEid,

    /// Log in JSON lines instead of text (both to standard error).
    #[arg(long, global = true)]
    json_log: bool,
}

#[cfg(unix)]
#[derive(clap::Subcommand)]
enum Command {
    /// The site whose visitors present their certificate in the TLS handshake.
    Tls(tls::Tls),
}

/// Whom a site trusts and who is to trust the site.
#[derive(Args)]
struct Trust {
    /// PEM file, or folder of PEM files, with the certificate authorities
    /// whose clients may sign in (repeatable).
    #[arg(long, required = true, value_name = "DIR|FILE")]
    trust: Vec<PathBuf>,

    /// Where to write the PEM of the authority behind the site's own TLS
    /// certificate, for a browser to trust.
    #[arg(long, alias = "self-ca-out", value_name = "FILE")]
    ca_out: Option<PathBuf>,
}

impl Arguments {
    /// Runs the site that was asked for until it is told to stop.
    pub async fn run(self) -> anyhow::Result<()> {
        start_log(self.json_log);
        #[cfg(unix)]
        if let Some(Command::Tls(site)) = self.command {
            return site.run().await;
        }
        self.web_eid.run().await
    }
}

impl Trust {
    fn read(&self) -> anyhow::Result<TrustStore> {
        let mut trust = TrustStore::default();
        for path in &self.trust {
            trust.add_path(path)?;
        }
        ensure!(!trust.is_empty(), "--trust names no certificate");
        Ok(trust)
    }

    fn publish(&self, certificate: &ServerCertificate) -> anyhow::Result<()> {
        let Some(path) = &self.ca_out else {
            return Ok(());
        };
        let cannot = |path: &Path| format!("cannot write {}", path.display());
        std::fs::write(path, &certificate.authority_pem).with_context(|| cannot(path))
    }
}

fn default_origin(port: u16) -> anyhow::Result<Origin> {
    let text = match port {
        443 => format!("https://{DEFAULT_HOST}"),
        _ => format!("https://{DEFAULT_HOST}:{port}"),
    };
    Ok(text.parse()?)
}

/// Tells whoever started the program; the sockets listen already, so whoever
/// reads this can connect at once.
fn announce(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    output.write_all(text.as_bytes())?;
    output.flush()?;
    Ok(())
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

/// Ctrl-C, or SIGTERM where there is one. Both are caught from this call on,
/// so make it before telling anybody that the program runs.
fn asked_to_stop() -> impl Future<Output = ()> + Send + 'static {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate()).and_then(|t| Ok((t, signal(SignalKind::interrupt())?)))
    };
    async {
        #[cfg(unix)]
        if let Ok((mut terminate, mut interrupt)) = signals {
            tokio::select! {
                _ = terminate.recv() => (),
                _ = interrupt.recv() => (),
            }
            return;
        }
        // Without a signal handler the process simply runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
