//! The labels of the terminal's listings, in the words that users of the old
//! manual know.

use der::DateTime;

use crate::language::Language;

/// One language's labels.
#[allow(missing_docs, reason = "each is named after what it says")]
pub struct Words<'a> {
    pub model: &'a str,
    pub serial: &'a str,
    pub reader: &'a str,
    pub pin: &'a str,
    pub organisation: &'a str,
    pub certificate_id: &'a str,
    pub issuer: &'a str,
    pub validity: &'a str,
    pub state: &'a str,
    pub subject: &'a str,
    pub issuer_name: &'a str,
    pub version: &'a str,
    pub signature_algorithm: &'a str,
    pub public_key: &'a str,
    pub extensions: &'a str,
    pub critical: &'a str,
    pub chain: &'a str,
    pub usable: &'a str,
    pub expired: &'a str,
    pub not_yet_valid: &'a str,
    pub wrong_purpose: &'a str,
    pub no_private_key: &'a str,
    pub unsupported_key: &'a str,
    pub token_out: &'a str,
    pub authority: &'a str,
    pub unreadable: &'a str,
    pub locked: &'a str,
    pub tries_left: &'a str,
    pub tries_unknown: &'a str,
}

const JAPANESE: Words<'static> = Words {
    model: "機種",
    serial: "シリアル番号",
    reader: "リーダー",
    pin: "ユーザ PIN",
    organisation: "組織",
    certificate_id: "証明書 ID",
    issuer: "発行者",
    validity: "有効期間",
    state: "状態",
    subject: "サブジェクト",
    issuer_name: "発行者(全体)",
    version: "バージョン",
    signature_algorithm: "署名アルゴリズム",
    public_key: "公開鍵",
    extensions: "拡張領域",
    critical: "(重要)",
    chain: "上位の証明書",
    usable: "使えます",
    expired: "有効期限が切れています",
    not_yet_valid: "まだ有効期間ではありません",
    wrong_purpose: "用途が違います",
    no_private_key: "秘密鍵がありません",
    unsupported_key: "このトークンでは使えない種類の鍵です",
    token_out: "トークンが外れています",
    authority: "認証局の証明書",
    unreadable: "読み取れません",
    locked: "ロックされています",
    tries_left: "あと {} 回",
    tries_unknown: "残り回数はわかりません",
};

const ENGLISH: Words<'static> = Words {
    model: "Model",
    serial: "Serial number",
    reader: "Reader",
    pin: "User PIN",
    organisation: "Organisation",
    certificate_id: "Certificate ID",
    issuer: "Issuer",
    validity: "Valid",
    state: "State",
    subject: "Subject",
    issuer_name: "Issuer (whole)",
    version: "Version",
    signature_algorithm: "Signature algorithm",
    public_key: "Public key",
    extensions: "Extensions",
    critical: " (critical)",
    chain: "Issuer's certificate",
    usable: "usable",
    expired: "expired",
    not_yet_valid: "not valid yet",
    wrong_purpose: "made for another purpose",
    no_private_key: "no private key",
    unsupported_key: "a kind of key that cannot be used on this token",
    token_out: "token not inserted",
    authority: "an authority's",
    unreadable: "unreadable",
    locked: "locked",
    tries_left: "{} tries left",
    tries_unknown: "tries left not known",
};

impl Words<'static> {
    /// The labels of that language.
    pub fn of(language: Language) -> Self {
        match language {
            Language::Japanese => JAPANESE,
            Language::English => ENGLISH,
        }
    }
}

/// A moment as a UTC date, such as `2027-03-31`.
pub fn date(seconds: i64) -> String {
    u64::try_from(seconds)
        .ok()
        .and_then(|seconds| {
            DateTime::from_unix_duration(std::time::Duration::from_secs(seconds)).ok()
        })
        .map_or_else(
            || "?".to_owned(),
            |date| format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()),
        )
}
