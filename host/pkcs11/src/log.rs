//! Which function returned what, for whoever looks for a fault.
//!
//! The module lives in foreign processes: it writes nothing anywhere unless
//! the variable below names a file, and never what a call was about.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use cryptoki_sys::CK_RV;

/// Names the environment variable that names the file.
const FILE: &str = "KAGIBASHI_PKCS11_LOG";

/// Writes one line if there is a log: seconds, process, function, what it
/// returned.
pub fn returned(function: &str, value: CK_RV) {
    static PATH: OnceLock<Option<PathBuf>> = OnceLock::new();
    let Some(path) = PATH.get_or_init(|| env::var_os(FILE).map(PathBuf::from)) else {
        return;
    };
    let Ok(mut file) = OpenOptions::new().append(true).create(true).open(path) else {
        return;
    };
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |time| time.as_secs_f64());
    let process = std::process::id();
    // A log that can't be written to is no reason to fail.
    drop(file.write_all(format!("{seconds:.3} {process} {function} {value:#x}\n").as_bytes()));
}
