//! Where browsers are on Windows. The manifests are ours to put anywhere; what
//! a browser reads is a key of the registry that names the file.

use crate::identity::IDENTITY;
use crate::install::browsers::{Browser, Sandboxed, Variant};
use crate::install::modules::ModulePlaces;
use crate::install::places::Under::{self, Config, LocalData, Root};
use crate::install::registration::Registration;
use crate::manifest::Kind;

const USER: Under = LocalData("Kagibashi/native-messaging");
const SYSTEM: &[Under] = &[Root("ProgramData/Kagibashi/native-messaging")];

/// Where our own notes on a machine-wide installation are.
pub const SYSTEM_STATE: Under = Root("ProgramData/Kagibashi/state");

/// The name of a manifest: all browsers of a kind share one.
pub fn manifest_file_name(kind: Kind) -> String {
    let kind = match kind {
        Kind::Chromium => "chromium",
        Kind::Firefox => "firefox",
    };
    format!("{}.{kind}.json", IDENTITY.host_name)
}

/// Where the PKCS#11 module is made known: to Firefox alone. Chromium uses the
/// certificate store of Windows.
pub const MODULE_PLACES: ModulePlaces = ModulePlaces {
    firefox_user: USER,
    firefox_system: SYSTEM,
    nss_databases: &[],
    p11_kit_user: None,
    p11_kit_system: None,
};

/// The key below `HKEY_CURRENT_USER` or `HKEY_LOCAL_MACHINE` where a browser,
/// in any of its channels, looks for a registration.
#[cfg_attr(
    not(windows),
    allow(dead_code, reason = "the table is tested everywhere")
)]
pub fn registry_key(browser: Browser, registration: Registration) -> String {
    if registration == Registration::FirefoxModule {
        return format!(r"Software\Mozilla\PKCS11Modules\{}", IDENTITY.module_name);
    }
    let maker = match browser {
        Browser::Chrome => r"Google\Chrome",
        Browser::Chromium => "Chromium",
        Browser::Edge => r"Microsoft\Edge",
        Browser::Brave => r"BraveSoftware\Brave-Browser",
        Browser::Vivaldi => "Vivaldi",
        Browser::Opera => "Opera Software",
        Browser::Firefox => "Mozilla",
    };
    format!(
        r"Software\{maker}\NativeMessagingHosts\{}",
        IDENTITY.host_name
    )
}

/// Windows has no browsers in boxes that could not start programs.
pub const SANDBOXED: &[Sandboxed] = &[];

/// The browsers. Their channels share the registry's keys.
pub const VARIANTS: &[Variant] = &[
    Variant {
        browser: Browser::Chrome,
        name: "Google Chrome",
        programs: &[
            Root("Program Files/Google/Chrome/Application/chrome.exe"),
            Root("Program Files (x86)/Google/Chrome/Application/chrome.exe"),
            LocalData("Google/Chrome/Application/chrome.exe"),
        ],
        profiles: &[LocalData("Google/Chrome/User Data")],
        user: USER,
        system: SYSTEM,
    },
    Variant {
        browser: Browser::Chromium,
        name: "Chromium",
        programs: &[LocalData("Chromium/Application/chrome.exe")],
        profiles: &[LocalData("Chromium/User Data")],
        user: USER,
        system: SYSTEM,
    },
    Variant {
        browser: Browser::Edge,
        name: "Microsoft Edge",
        programs: &[
            Root("Program Files (x86)/Microsoft/Edge/Application/msedge.exe"),
            Root("Program Files/Microsoft/Edge/Application/msedge.exe"),
        ],
        profiles: &[LocalData("Microsoft/Edge/User Data")],
        user: USER,
        system: SYSTEM,
    },
    Variant {
        browser: Browser::Brave,
        name: "Brave",
        programs: &[
            Root("Program Files/BraveSoftware/Brave-Browser/Application/brave.exe"),
            LocalData("BraveSoftware/Brave-Browser/Application/brave.exe"),
        ],
        profiles: &[LocalData("BraveSoftware/Brave-Browser/User Data")],
        user: USER,
        system: SYSTEM,
    },
    Variant {
        browser: Browser::Vivaldi,
        name: "Vivaldi",
        programs: &[
            LocalData("Vivaldi/Application/vivaldi.exe"),
            Root("Program Files/Vivaldi/Application/vivaldi.exe"),
        ],
        profiles: &[LocalData("Vivaldi/User Data")],
        user: USER,
        system: SYSTEM,
    },
    Variant {
        browser: Browser::Opera,
        name: "Opera",
        programs: &[
            LocalData("Programs/Opera/opera.exe"),
            Root("Program Files/Opera/opera.exe"),
        ],
        profiles: &[Config("Opera Software/Opera Stable")],
        user: USER,
        system: SYSTEM,
    },
    Variant {
        browser: Browser::Firefox,
        name: "Firefox",
        programs: &[
            Root("Program Files/Mozilla Firefox/firefox.exe"),
            Root("Program Files (x86)/Mozilla Firefox/firefox.exe"),
            LocalData("Mozilla Firefox/firefox.exe"),
        ],
        profiles: &[Config("Mozilla/Firefox")],
        user: USER,
        system: SYSTEM,
    },
];
