//! Which program has loaded the module.

use std::env;
use std::path::{Path, PathBuf};

/// What browsers' programs are called, or begin with.
const BROWSERS: [&str; 15] = [
    "brave",
    "chrome",
    "chromium",
    "firefox",
    "floorp",
    "google-chrome",
    "librewolf",
    "microsoft-edge",
    "msedge",
    "opera",
    "plugin-container",
    "tor-browser",
    "vivaldi",
    "waterfox",
    "zen-bin",
];

/// Those of them that keep to what they saw at their start.
const OF_CHROMIUM: [&str; 7] = [
    "brave",
    "chrome",
    "chromium",
    "google-chrome",
    "microsoft-edge",
    "opera",
    "vivaldi",
];

/// Whether this process is a Chromium or one of its family. A site that such a
/// browser has told that there is no certificate is not offered one until the
/// browser is closed.
pub fn is_chromium() -> bool {
    env::current_exe().is_ok_and(|own| is_named(&own, &OF_CHROMIUM))
}

/// Whether this process is a browser, or one of a browser's own processes.
///
/// In a browser the PIN is never asked for by anybody but our own window: the
/// agent, which has none, must not serve it.
pub fn is_browser() -> bool {
    let own = env::current_exe().ok();
    [own, parent()]
        .iter()
        .flatten()
        .any(|path| is_named(path, &BROWSERS))
}

/// Whether the program is called one of these, or its name begins with it.
fn is_named(path: &Path, names: &[&str]) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    let name = name.to_ascii_lowercase();
    names.iter().any(|known| name.starts_with(known))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn parent() -> Option<PathBuf> {
    let parent = std::os::unix::process::parent_id();
    std::fs::read_link(format!("/proc/{parent}/exe")).ok()
}

/// Elsewhere modules are loaded by the browser's main process itself.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn parent() -> Option<PathBuf> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_browsers_from_other_programs() {
        for browser in [
            "/usr/lib/firefox-esr/firefox-esr",
            "/opt/google/chrome/chrome",
            "/usr/lib/chromium/chromium",
            "/Applications/Firefox.app/Contents/MacOS/firefox",
            "C:/Program Files/Mozilla Firefox/FIREFOX.EXE",
            "/opt/brave.com/brave/brave",
            "/opt/vivaldi/vivaldi-bin",
            "/snap/firefox/1/usr/lib/firefox/firefox (deleted)",
        ] {
            assert!(is_named(Path::new(browser), &BROWSERS), "{browser}");
        }
        for other in [
            "/usr/bin/pkcs11-tool",
            "/usr/bin/gnutls-cli",
            "/usr/lib/thunderbird/thunderbird",
            "/usr/bin/ssh",
            "/home/firefox/curl",
            "/",
        ] {
            assert!(!is_named(Path::new(other), &BROWSERS), "{other}");
        }
    }
}
