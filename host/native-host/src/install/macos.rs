//! Where browsers are on macOS. None of this was tried on a real Mac: it is
//! what the makers' documents and several other native messaging hosts say.

use crate::identity::IDENTITY;
use crate::install::browsers::{Browser, Sandboxed, Variant};
use crate::install::modules::ModulePlaces;
use crate::install::places::Under::{self, Config, Root};
use crate::manifest::Kind;

/// Where our own notes on a machine-wide installation are.
pub const SYSTEM_STATE: Under = Root("Library/Application Support/Kagibashi");

/// The name a manifest has in any of the folders below.
pub fn manifest_file_name(_: Kind) -> String {
    format!("{}.json", IDENTITY.host_name)
}

/// Where the PKCS#11 module is made known: to Firefox alone. Chromium uses the
/// keychain.
pub const MODULE_PLACES: ModulePlaces = ModulePlaces {
    firefox_user: Config("Mozilla/PKCS11Modules"),
    firefox_system: &[Root("Library/Application Support/Mozilla/PKCS11Modules")],
    nss_databases: &[],
    p11_kit_user: None,
    p11_kit_system: None,
};

/// macOS has no browsers in boxes that could not start programs.
pub const SANDBOXED: &[Sandboxed] = &[];

/// The browsers, the channel of most people first.
pub const VARIANTS: &[Variant] = &[
    Variant {
        browser: Browser::Chrome,
        name: "Google Chrome",
        programs: &[Root("Applications/Google Chrome.app/Contents/Info.plist")],
        profiles: &[Config("Google/Chrome")],
        user: Config("Google/Chrome/NativeMessagingHosts"),
        system: &[Root("Library/Google/Chrome/NativeMessagingHosts")],
    },
    Variant {
        browser: Browser::Chrome,
        name: "Google Chrome Beta",
        programs: &[Root(
            "Applications/Google Chrome Beta.app/Contents/Info.plist",
        )],
        profiles: &[Config("Google/Chrome Beta")],
        user: Config("Google/Chrome Beta/NativeMessagingHosts"),
        system: &[Root("Library/Google/Chrome/NativeMessagingHosts")],
    },
    Variant {
        browser: Browser::Chromium,
        name: "Chromium",
        programs: &[Root("Applications/Chromium.app/Contents/Info.plist")],
        profiles: &[Config("Chromium")],
        user: Config("Chromium/NativeMessagingHosts"),
        system: &[Root(
            "Library/Application Support/Chromium/NativeMessagingHosts",
        )],
    },
    Variant {
        browser: Browser::Edge,
        name: "Microsoft Edge",
        programs: &[Root("Applications/Microsoft Edge.app/Contents/Info.plist")],
        profiles: &[Config("Microsoft Edge")],
        user: Config("Microsoft Edge/NativeMessagingHosts"),
        system: &[Root("Library/Microsoft/Edge/NativeMessagingHosts")],
    },
    Variant {
        browser: Browser::Edge,
        name: "Microsoft Edge Beta",
        programs: &[Root(
            "Applications/Microsoft Edge Beta.app/Contents/Info.plist",
        )],
        profiles: &[Config("Microsoft Edge Beta")],
        user: Config("Microsoft Edge Beta/NativeMessagingHosts"),
        system: &[Root("Library/Microsoft/Edge/NativeMessagingHosts")],
    },
    Variant {
        browser: Browser::Brave,
        name: "Brave",
        programs: &[Root("Applications/Brave Browser.app/Contents/Info.plist")],
        profiles: &[Config("BraveSoftware/Brave-Browser")],
        user: Config("BraveSoftware/Brave-Browser/NativeMessagingHosts"),
        system: &[],
    },
    Variant {
        browser: Browser::Vivaldi,
        name: "Vivaldi",
        programs: &[Root("Applications/Vivaldi.app/Contents/Info.plist")],
        profiles: &[Config("Vivaldi")],
        user: Config("Vivaldi/NativeMessagingHosts"),
        system: &[Root(
            "Library/Application Support/Vivaldi/NativeMessagingHosts",
        )],
    },
    Variant {
        browser: Browser::Opera,
        name: "Opera",
        programs: &[Root("Applications/Opera.app/Contents/Info.plist")],
        profiles: &[Config("com.operasoftware.Opera")],
        user: Config("com.operasoftware.Opera/NativeMessagingHosts"),
        system: &[],
    },
    Variant {
        browser: Browser::Firefox,
        name: "Firefox",
        programs: &[
            Root("Applications/Firefox.app/Contents/Info.plist"),
            Root("Applications/Firefox Developer Edition.app/Contents/Info.plist"),
        ],
        profiles: &[Config("Firefox")],
        user: Config("Mozilla/NativeMessagingHosts"),
        system: &[Root(
            "Library/Application Support/Mozilla/NativeMessagingHosts",
        )],
    },
];
