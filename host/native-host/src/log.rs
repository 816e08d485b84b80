//! What went on, in a file for the help desk. Never on stdout, which belongs
//! to the browser; never a PIN, an APDU's content, a hash or a nonce.

use std::fs;
use std::panic;
use std::path::Path;

use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

/// Names the environment variable that sets the level (`info` without it).
const LEVEL: &str = "KAGIBASHI_LOG";

/// Starts the log in that folder. Without a writable folder there is no log,
/// and nothing else changes.
pub fn start(folder: &Path) {
    panic::set_hook(Box::new(|panic| {
        // The place only: the message might quote data.
        tracing::error!(place = ?panic.location().map(ToString::to_string), "panic");
    }));
    if fs::create_dir_all(folder).is_err() {
        return;
    }
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("kagibashi")
        .filename_suffix("log")
        .max_log_files(7)
        .build(folder);
    let Ok(file) = file else { return };
    let level = EnvFilter::try_from_env(LEVEL).unwrap_or_else(|_| EnvFilter::new("info"));
    // A second start in one process changes nothing.
    drop(
        tracing_subscriber::fmt()
            .with_env_filter(level)
            .with_ansi(false)
            .with_writer(file)
            .try_init(),
    );
}
