//! The examples for administrators, filled in.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::identity::IDENTITY;
use crate::manifest;

const FIREFOX: &str = include_str!("../../../../../manifests/policies/firefox/policies.json");
const CHROMIUM: &str = include_str!("../../../../../manifests/policies/chromium/kagibashi.json");
const README: &str = include_str!("../../../../../manifests/policies/README.md");

const VALUES: [(&str, &str); 6] = [
    ("{modulePath}", "/opt/鍵 橋/libkagibashi_pkcs11.so"),
    ("{caFile}", "/etc/ssl/portal-ca.crt"),
    ("{firefoxInstallUrl}", "file:///opt/kagibashi.xpi"),
    (
        "{chromiumUpdateUrl}",
        "https://intranet.example.jp/kagibashi.xml",
    ),
    ("{portalOrigin}", "https://portal.example.jp"),
    ("{issuerCommonName}", "Example Client CA - G3"),
];

fn filled(template: &str) -> Value {
    let text = VALUES.iter().fold(
        manifest::with_names(template),
        |text, (placeholder, value)| text.replace(placeholder, value),
    );
    serde_json::from_str(&text).unwrap()
}

/// Words in braces.
fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
        .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .collect()
}

#[test]
fn firefox_gets_module_authority_and_extension() {
    let policies = &filled(FIREFOX)["policies"];
    assert_eq!(
        policies["SecurityDevices"]["Add"][&IDENTITY.module_label],
        json!(VALUES[0].1)
    );
    assert_eq!(policies["Certificates"]["Install"], json!([VALUES[1].1]));
    assert_eq!(
        policies["ExtensionSettings"][&IDENTITY.firefox_id],
        json!({"installation_mode": "force_installed", "install_url": VALUES[2].1})
    );
}

#[test]
fn chromium_gets_certificate_extension_and_host() {
    let policies = filled(CHROMIUM);
    let rule = policies["AutoSelectCertificateForUrls"][0]
        .as_str()
        .unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(rule).unwrap(),
        json!({"pattern": VALUES[4].1, "filter": {"ISSUER": {"CN": VALUES[5].1}}})
    );
    assert_eq!(
        policies["ExtensionSettings"][&IDENTITY.chromium_id]["update_url"],
        json!(VALUES[3].1)
    );
    assert_eq!(
        policies["NativeMessagingAllowlist"],
        json!([IDENTITY.host_name])
    );
}

/// What a policy sets for the extension, the same in both browsers.
#[test]
fn the_extension_gets_its_settings() {
    let firefox = &filled(FIREFOX)["policies"]["3rdparty"]["Extensions"][&IDENTITY.firefox_id];
    let chromium = &filled(CHROMIUM)["3rdparty"]["extensions"][&IDENTITY.chromium_id];
    assert_eq!(firefox["certificateSites"], json!([VALUES[4].1]));
    assert_eq!(firefox, chromium);
    for name in firefox.as_object().unwrap().keys() {
        assert!(README.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn every_placeholder_is_explained_and_every_explanation_is_of_one() {
    let used = &placeholders(FIREFOX) | &placeholders(CHROMIUM);
    let (_, table) = README.split_once("| placeholder |").unwrap();
    let explained: BTreeSet<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `{")?.split_once("}`"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(used, explained);
}
