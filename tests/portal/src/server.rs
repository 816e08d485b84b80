//! TLS connections for the site.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a client may take for its part of the handshake.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);

/// Rest after a failed accept: mostly "too many open files", which passes.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Serves `site` on `listener` over TLS until `stop` is done.
pub async fn serve(
    listener: TcpListener,
    tls: ServerConfig,
    site: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let (sender, connections) = mpsc::channel(16);
    let accepting = tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(tls)), sender));
    let listener = Handshaken {
        address,
        connections,
    };
    // Browsers keep connections open that they never use; a stop does not
    // wait for those.
    tokio::select! {
        outcome = axum::serve(listener, site).into_future() => outcome?,
        () = stop => (),
    }
    accepting.abort();
    Ok(())
}

/// Each handshake runs on its own: a silent client holds up nobody else.
async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    sender: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                sleep(ACCEPT_REST).await;
                continue;
            }
        };
        let (acceptor, sender) = (acceptor.clone(), sender.clone());
        tokio::spawn(async move {
            match timeout(HANDSHAKE_PATIENCE, acceptor.accept(stream)).await {
                // The receiver is gone only when the server stops.
                Ok(Ok(stream)) => drop(sender.send((stream, peer)).await),
                Ok(Err(error)) => tracing::debug!(%error, "handshake failed"),
                Err(_) => tracing::debug!("handshake took too long"),
            }
        });
    }
}

struct Handshaken {
    address: SocketAddr,
    connections: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl Listener for Handshaken {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.connections.recv().await {
            Some(connection) => connection,
            // Nothing will come any more; the server is about to stop.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
