//! Which tokens are plugged in, whatever the smart card service says.

use std::fs;
use std::path::Path;

/// Feitian's vendor id in the USB register.
const FEITIAN: &str = "096e";
/// The product id of ePass2003.
const EPASS2003: &str = "0807";
/// The USB interface class of smart card readers (CCID). Feitian also makes
/// security keys of other classes.
const SMART_CARD: &str = "0b";

/// The names of Feitian's tokens that the kernel sees; `None` on systems whose
/// devices are not listed in `/sys`.
pub fn tokens(root: &Path) -> Option<Vec<String>> {
    let devices = fs::read_dir(root.join("sys/bus/usb/devices")).ok()?;
    let tokens = devices
        .flatten()
        .map(|device| device.path())
        .filter(|device| attribute(device, "idVendor").as_deref() == Some(FEITIAN))
        .filter(|device| is_epass2003(device) || has_smart_card_interface(device))
        .map(|device| attribute(&device, "product").unwrap_or_else(|| "Feitian".to_owned()))
        .collect();
    Some(tokens)
}

fn is_epass2003(device: &Path) -> bool {
    attribute(device, "idProduct").as_deref() == Some(EPASS2003)
}

fn has_smart_card_interface(device: &Path) -> bool {
    fs::read_dir(device)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| attribute(&entry.path(), "bInterfaceClass").as_deref() == Some(SMART_CARD))
}

fn attribute(device: &Path, name: &str) -> Option<String> {
    Some(
        fs::read_to_string(device.join(name))
            .ok()?
            .trim()
            .to_owned(),
    )
}
