//! Findings about the modules of other makers that the person has added.

use super::{Finding, Subject, good, trouble};

pub const VENDOR_MODULE_GOOD: Finding = good(
    "vendor-module-ok",
    Subject::VendorModule,
    "使えます（{description}、トークン {tokens} 個）。",
    "It is usable ({description}; tokens: {tokens}).",
);

pub const VENDOR_MODULE_FAILED: Finding = trouble(
    "vendor-module-failed",
    Subject::VendorModule,
    [
        "このモジュールは使えません。このモジュールのトークンは表示されません。",
        "kagibashi module list を実行して、理由と対処を確かめてください。",
    ],
    [
        "This module is not usable. Its tokens are not shown.",
        "Run kagibashi module list to see why, and what to do.",
    ],
);

#[cfg(test)]
pub const VENDOR_MODULE_FINDINGS: &[&Finding] = &[&VENDOR_MODULE_GOOD, &VENDOR_MODULE_FAILED];
