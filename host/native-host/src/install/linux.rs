//! Where browsers are on Linux.
//!
//! Chromium's and Firefox's folders were tried; those of the others are what
//! their makers or several other native messaging hosts say. Chromium 156 reads
//! the person's folder only when it uses its default profile folder. Opera and
//! Brave share the machine-wide folder of Chrome.

use crate::identity::IDENTITY;
use crate::install::browsers::{Browser, Sandboxed, Variant};
use crate::install::modules::ModulePlaces;
use crate::install::places::Under::{self, Config, Home, LocalData, Root};
use crate::manifest::Kind;

const CHROME_SYSTEM: &[Under] = &[Root("etc/opt/chrome/native-messaging-hosts")];
const EDGE_SYSTEM: &[Under] = &[Root("etc/opt/edge/native-messaging-hosts")];
const VIVALDI_SYSTEM: &[Under] = &[Root("etc/opt/vivaldi/native-messaging-hosts")];

/// Where our own notes on a machine-wide installation are.
pub const SYSTEM_STATE: Under = Root("var/lib/kagibashi");

/// The name a manifest has in any of the folders below.
pub fn manifest_file_name(_: Kind) -> String {
    format!("{}.json", IDENTITY.host_name)
}

/// Where the PKCS#11 module is made known. Chromium 156 makes the second
/// database when there is none. p11-kit looks in the home, whatever
/// `XDG_CONFIG_HOME` says, and does not do so for root.
pub const MODULE_PLACES: ModulePlaces = ModulePlaces {
    firefox_user: Home(".mozilla/pkcs11-modules"),
    firefox_system: &[
        Root("usr/lib/mozilla/pkcs11-modules"),
        Root("usr/lib64/mozilla/pkcs11-modules"),
    ],
    nss_databases: &[Home(".pki/nssdb"), LocalData("pki/nssdb")],
    p11_kit_user: Some(Home(".config/pkcs11/modules")),
    p11_kit_system: Some(Root("usr/share/p11-kit/modules")),
};

/// The browsers outside of boxes, the channel of most people first.
pub const VARIANTS: &[Variant] = &[
    Variant {
        browser: Browser::Chrome,
        name: "Google Chrome",
        programs: &[
            Root("opt/google/chrome/chrome"),
            Root("usr/bin/google-chrome-stable"),
        ],
        profiles: &[Config("google-chrome")],
        user: Config("google-chrome/NativeMessagingHosts"),
        system: CHROME_SYSTEM,
    },
    Variant {
        browser: Browser::Chrome,
        name: "Google Chrome Beta",
        programs: &[
            Root("opt/google/chrome-beta/chrome"),
            Root("usr/bin/google-chrome-beta"),
        ],
        profiles: &[Config("google-chrome-beta")],
        user: Config("google-chrome-beta/NativeMessagingHosts"),
        system: CHROME_SYSTEM,
    },
    Variant {
        browser: Browser::Chrome,
        name: "Google Chrome Dev",
        programs: &[
            Root("opt/google/chrome-unstable/chrome"),
            Root("usr/bin/google-chrome-unstable"),
        ],
        profiles: &[Config("google-chrome-unstable")],
        user: Config("google-chrome-unstable/NativeMessagingHosts"),
        system: CHROME_SYSTEM,
    },
    Variant {
        browser: Browser::Chromium,
        name: "Chromium",
        programs: &[
            Root("usr/bin/chromium"),
            Root("usr/bin/chromium-browser"),
            Root("usr/lib/chromium/chromium"),
            Root("usr/lib64/chromium-browser/chromium-browser"),
        ],
        profiles: &[Config("chromium")],
        user: Config("chromium/NativeMessagingHosts"),
        system: &[Root("etc/chromium/native-messaging-hosts")],
    },
    Variant {
        browser: Browser::Edge,
        name: "Microsoft Edge",
        programs: &[
            Root("opt/microsoft/msedge/msedge"),
            Root("usr/bin/microsoft-edge-stable"),
        ],
        profiles: &[Config("microsoft-edge")],
        user: Config("microsoft-edge/NativeMessagingHosts"),
        system: EDGE_SYSTEM,
    },
    Variant {
        browser: Browser::Edge,
        name: "Microsoft Edge Beta",
        programs: &[
            Root("opt/microsoft/msedge-beta/msedge"),
            Root("usr/bin/microsoft-edge-beta"),
        ],
        profiles: &[Config("microsoft-edge-beta")],
        user: Config("microsoft-edge-beta/NativeMessagingHosts"),
        system: EDGE_SYSTEM,
    },
    Variant {
        browser: Browser::Edge,
        name: "Microsoft Edge Dev",
        programs: &[
            Root("opt/microsoft/msedge-dev/msedge"),
            Root("usr/bin/microsoft-edge-dev"),
        ],
        profiles: &[Config("microsoft-edge-dev")],
        user: Config("microsoft-edge-dev/NativeMessagingHosts"),
        system: EDGE_SYSTEM,
    },
    Variant {
        browser: Browser::Brave,
        name: "Brave",
        programs: &[
            Root("opt/brave.com/brave/brave"),
            Root("usr/bin/brave-browser"),
        ],
        profiles: &[Config("BraveSoftware/Brave-Browser")],
        user: Config("BraveSoftware/Brave-Browser/NativeMessagingHosts"),
        system: CHROME_SYSTEM,
    },
    Variant {
        browser: Browser::Brave,
        name: "Brave Beta",
        programs: &[
            Root("opt/brave.com/brave-beta/brave"),
            Root("usr/bin/brave-browser-beta"),
        ],
        profiles: &[Config("BraveSoftware/Brave-Browser-Beta")],
        user: Config("BraveSoftware/Brave-Browser-Beta/NativeMessagingHosts"),
        system: CHROME_SYSTEM,
    },
    Variant {
        browser: Browser::Brave,
        name: "Brave Nightly",
        programs: &[
            Root("opt/brave.com/brave-nightly/brave"),
            Root("usr/bin/brave-browser-nightly"),
        ],
        profiles: &[Config("BraveSoftware/Brave-Browser-Nightly")],
        user: Config("BraveSoftware/Brave-Browser-Nightly/NativeMessagingHosts"),
        system: CHROME_SYSTEM,
    },
    Variant {
        browser: Browser::Vivaldi,
        name: "Vivaldi",
        programs: &[Root("opt/vivaldi/vivaldi"), Root("usr/bin/vivaldi-stable")],
        profiles: &[Config("vivaldi")],
        user: Config("vivaldi/NativeMessagingHosts"),
        system: VIVALDI_SYSTEM,
    },
    Variant {
        browser: Browser::Vivaldi,
        name: "Vivaldi Snapshot",
        programs: &[
            Root("opt/vivaldi-snapshot/vivaldi"),
            Root("usr/bin/vivaldi-snapshot"),
        ],
        profiles: &[Config("vivaldi-snapshot")],
        user: Config("vivaldi-snapshot/NativeMessagingHosts"),
        system: VIVALDI_SYSTEM,
    },
    Variant {
        browser: Browser::Opera,
        name: "Opera",
        programs: &[Root("usr/bin/opera")],
        profiles: &[Config("opera")],
        user: Config("opera/NativeMessagingHosts"),
        system: CHROME_SYSTEM,
    },
    Variant {
        browser: Browser::Opera,
        name: "Opera Beta",
        programs: &[Root("usr/bin/opera-beta")],
        profiles: &[Config("opera-beta")],
        user: Config("opera-beta/NativeMessagingHosts"),
        system: CHROME_SYSTEM,
    },
    Variant {
        browser: Browser::Opera,
        name: "Opera Developer",
        programs: &[Root("usr/bin/opera-developer")],
        profiles: &[Config("opera-developer")],
        user: Config("opera-developer/NativeMessagingHosts"),
        system: CHROME_SYSTEM,
    },
    // All channels of Firefox share their folders.
    Variant {
        browser: Browser::Firefox,
        name: "Firefox",
        programs: &[
            Root("usr/lib/firefox/firefox"),
            Root("usr/lib/firefox-esr/firefox-esr"),
            Root("usr/lib64/firefox/firefox"),
            Root("usr/bin/firefox"),
            Root("usr/bin/firefox-esr"),
            Root("opt/firefox/firefox"),
        ],
        profiles: &[
            Home(".mozilla/firefox"),
            Config("mozilla/firefox"),
            Home("snap/firefox/common/.mozilla/firefox"),
        ],
        user: Home(".mozilla/native-messaging-hosts"),
        system: &[
            Root("usr/lib/mozilla/native-messaging-hosts"),
            Root("usr/lib64/mozilla/native-messaging-hosts"),
        ],
    },
];

/// Browsers in Snap and Flatpak.
pub const SANDBOXED: &[Sandboxed] = &[
    // Since Ubuntu 22.04 the desktop portal starts native messaging hosts for it
    // and asks the person first.
    Sandboxed {
        name: "Firefox (Snap)",
        folders: &[Root("snap/firefox"), Root("var/lib/snapd/snap/firefox")],
        portal: Some(Browser::Firefox),
    },
    Sandboxed {
        name: "Chromium (Snap)",
        folders: &[Root("snap/chromium"), Root("var/lib/snapd/snap/chromium")],
        portal: None,
    },
    Sandboxed {
        name: "Brave (Snap)",
        folders: &[Root("snap/brave"), Root("var/lib/snapd/snap/brave")],
        portal: None,
    },
    Sandboxed {
        name: "Opera (Snap)",
        folders: &[Root("snap/opera"), Root("var/lib/snapd/snap/opera")],
        portal: None,
    },
    Sandboxed {
        name: "Firefox (Flatpak)",
        folders: &[
            Root("var/lib/flatpak/app/org.mozilla.firefox"),
            LocalData("flatpak/app/org.mozilla.firefox"),
        ],
        portal: None,
    },
    Sandboxed {
        name: "Chromium (Flatpak)",
        folders: &[
            Root("var/lib/flatpak/app/org.chromium.Chromium"),
            LocalData("flatpak/app/org.chromium.Chromium"),
        ],
        portal: None,
    },
    Sandboxed {
        name: "Google Chrome (Flatpak)",
        folders: &[
            Root("var/lib/flatpak/app/com.google.Chrome"),
            LocalData("flatpak/app/com.google.Chrome"),
        ],
        portal: None,
    },
    Sandboxed {
        name: "Microsoft Edge (Flatpak)",
        folders: &[
            Root("var/lib/flatpak/app/com.microsoft.Edge"),
            LocalData("flatpak/app/com.microsoft.Edge"),
        ],
        portal: None,
    },
    Sandboxed {
        name: "Brave (Flatpak)",
        folders: &[
            Root("var/lib/flatpak/app/com.brave.Browser"),
            LocalData("flatpak/app/com.brave.Browser"),
        ],
        portal: None,
    },
    Sandboxed {
        name: "Vivaldi (Flatpak)",
        folders: &[
            Root("var/lib/flatpak/app/com.vivaldi.Vivaldi"),
            LocalData("flatpak/app/com.vivaldi.Vivaldi"),
        ],
        portal: None,
    },
];
