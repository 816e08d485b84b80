//! What comes from Debian's own packages.

use super::Need;
use crate::process::{is_installed, output, run_in_foreground, succeeds};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::path::Path;
use std::process::Command;

/// A need and the Debian packages that meet it.
struct Provision {
    need: Need,
    packages: &'static [&'static str],
    /// Completes the sentence "installing PACKAGES: ...".
    reason: &'static str,
    present: fn() -> bool,
}

const PROVISIONS: &[Provision] = &[
    Provision {
        need: Need::CCompiler,
        packages: &["gcc", "libc6-dev"],
        reason: "the compiler for the C inside some crates",
        present: || is_installed("cc"),
    },
    Provision {
        need: Need::PcscLibrary,
        packages: &["pkg-config", "libpcsclite-dev"],
        reason: "the library through which the host reaches card readers",
        present: || succeeds(Command::new("pkg-config").args(["--exists", "libpcsclite"])),
    },
    Provision {
        need: Need::PcscDaemon,
        packages: &["pcscd"],
        reason: "the smart card service",
        present: || is_installed("pcscd"),
    },
    Provision {
        need: Need::VirtualReader,
        packages: &["vsmartcard-vpcd"],
        reason: "the virtual reader that the software token plugs into",
        present: || Path::new("/usr/lib/pcsc/drivers/serial/libifdvpcd.so").exists(),
    },
    Provision {
        need: Need::OpenSc,
        packages: &["opensc"],
        reason: "the programs that judge the software token",
        present: || is_installed("pkcs15-init") && is_installed("pkcs11-tool"),
    },
    Provision {
        need: Need::OpenSsl,
        packages: &["openssl"],
        reason: "the program that judges signatures",
        present: || is_installed("openssl"),
    },
    Provision {
        need: Need::Chromium,
        packages: &["chromium"],
        reason: "the browser",
        present: || is_installed("chromium"),
    },
    Provision {
        need: Need::ChromiumInJapanese,
        packages: &["chromium-l10n"],
        reason: "the browser's texts in Japanese, without which extensions speak English",
        present: || Path::new("/usr/lib/chromium/locales/ja.pak").exists(),
    },
    Provision {
        need: Need::JapaneseFont,
        packages: &["fonts-noto-cjk"],
        reason: "letters for the Japanese texts",
        present: has_japanese_font,
    },
    Provision {
        need: Need::NssTools,
        packages: &["libnss3-tools"],
        reason: "certutil, with which a throw-away browser profile trusts the portals",
        present: || is_installed("certutil") && is_installed("modutil"),
    },
    Provision {
        need: Need::WebServer,
        packages: &["nginx-light"],
        reason: "the web server of the portal that asks for certificates in TLS handshakes",
        present: || is_installed("nginx"),
    },
    Provision {
        need: Need::Curl,
        packages: &["curl"],
        reason: "the visitor of that portal who is no browser",
        present: || is_installed("curl"),
    },
    Provision {
        need: Need::TlsPrograms,
        packages: &["gnutls-bin", "libengine-pkcs11-openssl"],
        reason: "GnuTLS and OpenSSL's engine, which sign in with the module",
        present: || {
            is_installed("gnutls-cli")
                && is_installed("p11tool")
                && is_in_library_folder("engines-3/pkcs11.so")
        },
    },
    Provision {
        need: Need::OtherModule,
        packages: &["softhsm2"],
        reason: "a PKCS#11 module of another maker, whose tokens are software",
        present: || {
            is_installed("softhsm2-util") && Path::new("/usr/lib/softhsm/libsofthsm2.so").exists()
        },
    },
    Provision {
        need: Need::P11Kit,
        packages: &["p11-kit", "p11-kit-modules"],
        reason: "the module that gathers others, and the server that offers them to sandboxes",
        present: || {
            Path::new("/usr/libexec/p11-kit/p11-kit-server").exists()
                && is_in_library_folder("p11-kit-proxy.so")
        },
    },
    Provision {
        need: Need::Python,
        packages: &["python3"],
        reason: "the stranger at the sockets of module and host",
        present: || is_installed("python3"),
    },
    Provision {
        need: Need::Binutils,
        packages: &["binutils"],
        reason: "nm, which says what the module exports",
        present: || is_installed("nm"),
    },
    Provision {
        need: Need::Pngquant,
        packages: &["pngquant"],
        reason: "what makes the pictures of the guide small",
        present: || is_installed("pngquant"),
    },
    Provision {
        need: Need::Firefox,
        packages: &["firefox-esr"],
        reason: "the other browser",
        present: || is_installed("firefox-esr"),
    },
    Provision {
        need: Need::VirtualDisplay,
        packages: &["xvfb", "xdotool"],
        reason: "a display in memory with a keyboard, for the windows of Firefox",
        present: || is_installed("Xvfb") && is_installed("xdotool"),
    },
];

const BOOTSTRAP_NPM: Provision = Provision {
    need: Need::Node,
    packages: &["nodejs", "npm"],
    reason: "npm, with which a newer Node is installed for this project only",
    present: || is_installed("npm") && is_installed("node"),
};

/// Debian keeps engines in a folder by the machine's kind.
/// In the folder for libraries of some kind of computer.
fn is_in_library_folder(file: &str) -> bool {
    let Ok(kinds) = std::fs::read_dir("/usr/lib") else {
        return false;
    };
    kinds.flatten().any(|kind| kind.path().join(file).exists())
}

fn has_japanese_font() -> bool {
    let by_fontconfig =
        output(Command::new("fc-list").arg(":lang=ja")).is_some_and(|fonts| !fonts.is_empty());
    by_fontconfig || Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").exists()
}

/// Installs the packages for those of `needs` that are not met, and npm where
/// it is needed to install Node.
pub fn install_missing(workspace: &Workspace, needs: &[Need], npm: bool) -> Result<()> {
    let missing: Vec<&Provision> = PROVISIONS
        .iter()
        .filter(|provision| needs.contains(&provision.need))
        .chain(npm.then_some(&BOOTSTRAP_NPM))
        .filter(|provision| !(provision.present)())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|provision| provision.packages)
        .copied()
        .collect();
    if !is_installed("apt-get") {
        bail!(
            "these Debian packages, or what corresponds to them here, must be installed first: {}",
            packages.join(" ")
        );
    }
    for provision in &missing {
        println!(
            "setup: installing {} ({})",
            provision.packages.join(" "),
            provision.reason
        );
    }
    std::fs::create_dir_all(workspace.tools())?;
    let log = workspace.tools().join("apt.log");
    println!(
        "setup: this takes a few minutes; apt-get's words go to {}",
        log.display()
    );
    let words = File::create(&log).with_context(|| format!("writing {}", log.display()))?;
    // Only now: the lists are stale or empty on a fresh machine, and this is
    // not reached again once everything is there.
    apt_get(&["update", "--quiet"], &words)?;
    let mut install = vec!["install", "--quiet", "--yes", "--no-install-recommends"];
    install.extend(&packages);
    apt_get(&install, &words).with_context(|| {
        format!(
            "installing Debian packages (more in {}); by hand: sudo apt-get install {}",
            log.display(),
            packages.join(" ")
        )
    })?;
    match missing.iter().find(|provision| !(provision.present)()) {
        None => Ok(()),
        Some(provision) => bail!(
            "{} is installed, but what it should bring is still not found",
            provision.packages.join(" ")
        ),
    }
}

/// Runs apt-get as root: directly or through sudo, never asking questions.
fn apt_get(arguments: &[&str], log: &File) -> Result<()> {
    let is_root = output(Command::new("id").arg("-u")).as_deref() == Some("0");
    let mut command = if is_root {
        Command::new("env")
    } else if is_installed("sudo") {
        let mut sudo = Command::new("sudo");
        sudo.arg("env");
        sudo
    } else {
        bail!(
            "neither root nor sudo here; as root: apt-get {}",
            arguments.join(" ")
        );
    };
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
        .args(arguments)
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?);
    run_in_foreground(&mut command)
}
