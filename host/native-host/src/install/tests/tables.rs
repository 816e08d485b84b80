//! The tables of the other systems are data: they can be looked at anywhere.

#[path = "../macos.rs"]
mod macos;
#[path = "../windows.rs"]
mod windows;

use std::collections::BTreeSet;

use clap::ValueEnum;

use crate::install::browsers::Browser;
use crate::install::places::Under;
use crate::install::platform;
use crate::install::registration::Registration;
use crate::manifest::Kind;

#[test]
fn the_tables_of_all_systems_make_sense() {
    let tables = [
        (platform::VARIANTS, platform::SANDBOXED),
        (macos::VARIANTS, macos::SANDBOXED),
        (windows::VARIANTS, windows::SANDBOXED),
    ];
    for (variants, sandboxed) in tables {
        let names: BTreeSet<_> = variants
            .iter()
            .map(|variant| variant.name)
            .chain(sandboxed.iter().map(|sandboxed| sandboxed.name))
            .collect();
        assert_eq!(
            names.len(),
            variants.len() + sandboxed.len(),
            "names are unique"
        );
        for browser in Browser::value_variants() {
            assert!(
                variants.iter().any(|variant| variant.browser == *browser),
                "{browser:?}"
            );
        }
        for variant in variants {
            assert!(
                !variant.programs.is_empty() && !variant.profiles.is_empty(),
                "{variant:?}"
            );
        }
    }
    assert_ne!(
        windows::manifest_file_name(Kind::Chromium),
        windows::manifest_file_name(Kind::Firefox),
        "they are in one folder"
    );
    assert_eq!(
        macos::SYSTEM_STATE,
        Under::Root("Library/Application Support/Kagibashi")
    );
    assert_ne!(windows::SYSTEM_STATE, macos::SYSTEM_STATE);
    assert!(
        windows::registry_key(Browser::Edge, Registration::Host(Kind::Chromium))
            .starts_with(r"Software\Microsoft\Edge\")
    );
    for places in [macos::MODULE_PLACES, windows::MODULE_PLACES] {
        // Only Linux has these, and the others must not look for them.
        assert!(places.nss_databases.is_empty() && places.p11_kit_user.is_none());
        assert!(places.p11_kit_system.is_none());
        assert_eq!(places.firefox_system.len(), 1);
    }
    assert_eq!(
        macos::MODULE_PLACES.firefox_user,
        Under::Config("Mozilla/PKCS11Modules")
    );
    assert_eq!(
        windows::MODULE_PLACES.firefox_user,
        windows::VARIANTS[0].user
    );
    assert_eq!(
        windows::registry_key(Browser::Firefox, Registration::FirefoxModule),
        r"Software\Mozilla\PKCS11Modules\kagibashi"
    );
    assert_eq!(
        macos::manifest_file_name(Kind::Firefox),
        "jp.kagibashi.host.json"
    );
}
