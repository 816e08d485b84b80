//! Who can change a file or folder by the list that Windows has of it, in the language SDDL
//! (Microsoft Learn, "Security Descriptor String Format" and "ACE Strings").

use super::Change;

/// Those who may: the system, its administrators, what installs its parts, and the owner, who is
/// looked at for himself.
const TRUSTED: &[&str] = &[
    "SY",
    "BA",
    "LA",
    "DA",
    "EA",
    "CO",
    "OW",
    "S-1-5-18",
    "S-1-5-32-544",
    // TrustedInstaller
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
];

const ADD_OR_WRITE: u32 = 0x2;
const APPEND: u32 = 0x4;
const DELETE_CHILD: u32 = 0x40;
const DELETE: u32 = 0x1_0000;
const CHANGE_LIST: u32 = 0x4_0000;
const CHANGE_OWNER: u32 = 0x8_0000;
const GENERIC_ALL: u32 = 0x1000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;

/// Rights by their two letters.
const RIGHTS: &[(&str, u32)] = &[
    ("CC", 0x1),
    ("DC", ADD_OR_WRITE),
    ("LC", APPEND),
    ("SW", 0x8),
    ("RP", 0x10),
    ("WP", 0x20),
    ("DT", DELETE_CHILD),
    ("LO", 0x80),
    ("CR", 0x100),
    ("SD", DELETE),
    ("RC", 0x2_0000),
    ("WD", CHANGE_LIST),
    ("WO", CHANGE_OWNER),
    ("GA", GENERIC_ALL),
    ("GX", 0x2000_0000),
    ("GW", GENERIC_WRITE),
    ("GR", 0x8000_0000),
    ("FA", 0x1F_01FF),
    ("FR", 0x12_0089),
    ("FW", 0x12_0116),
    ("FX", 0x12_00A0),
];

/// The owner, and what others may do.
#[derive(Clone, Copy, Debug)]
pub struct AccessList<'a> {
    owner: &'a str,
    /// `None` if there is no list: then everybody may do everything.
    entries: Option<&'a str>,
}

impl<'a> AccessList<'a> {
    /// Of the owner and the list alone, as `O:…D:…`.
    pub fn parse(sddl: &'a str) -> Option<Self> {
        let rest = sddl.strip_prefix("O:")?;
        let (owner, list) = match rest.split_once("D:") {
            Some((owner, list)) => (owner, Some(list)),
            None => (rest, None),
        };
        Some(Self {
            owner,
            entries: list.filter(|list| !list.contains("NO_ACCESS_CONTROL")),
        })
    }

    /// Whether it belongs to the person of that identifier, or to the system.
    pub fn is_owned_by(&self, me: &str) -> bool {
        is_trusted(self.owner, me)
    }

    /// Whether somebody else than the person of that identifier and the system can do that. What is
    /// refused to some is not looked at: what is allowed is enough.
    pub fn lets_others(&self, change: Change, me: &str) -> bool {
        let Some(entries) = self.entries else {
            return true;
        };
        let wanted = match change {
            Change::File => ADD_OR_WRITE | APPEND | GENERIC_WRITE,
            Change::Folder => ADD_OR_WRITE | DELETE_CHILD | GENERIC_WRITE,
            // Who can add to it can't replace what is there.
            Change::FolderAbove => DELETE_CHILD,
        } | DELETE
            | CHANGE_LIST
            | CHANGE_OWNER
            | GENERIC_ALL;
        entries_of(entries).any(|entry| {
            let mut parts = entry.split(';');
            let mut next = || parts.next().unwrap_or_default().trim();
            let (kind, flags, rights, _, _, whose) =
                (next(), next(), next(), next(), next(), next());
            kind.contains('A')
                && kind != "AU"
                && !pairs(flags).any(|flag| flag == "IO")
                && mask(rights) & wanted != 0
                && !is_trusted(whose, me)
        })
    }
}

fn is_trusted(whose: &str, me: &str) -> bool {
    whose == me || TRUSTED.contains(&whose)
}

/// What is in the outermost brackets: a condition has brackets of its own.
fn entries_of(list: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    let mut start = 0;
    list.char_indices().filter_map(move |(place, letter)| {
        match letter {
            '(' => {
                depth += 1;
                if depth == 1 {
                    start = place + 1;
                }
            }
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return list.get(start..place);
                }
            }
            _ => {}
        }
        None
    })
}

/// What is not understood counts as everything.
fn mask(rights: &str) -> u32 {
    if let Some(digits) = rights.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).unwrap_or(u32::MAX);
    }
    let known = |pair: &str| RIGHTS.iter().find(|(name, _)| *name == pair);
    pairs(rights).fold(0, |mask, pair| {
        mask | known(pair).map_or(u32::MAX, |(_, right)| *right)
    })
}

fn pairs(letters: &str) -> impl Iterator<Item = &str> {
    let starts = (0..letters.len()).step_by(2);
    starts.map(|start| letters.get(start..start + 2).unwrap_or("??"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: &str = "S-1-5-21-1-2-3-1001";

    /// By a list alone: whether others can change a file, a folder, and one above it.
    fn others(list: &str) -> [bool; 3] {
        let sddl = format!("O:BA{list}");
        let list = AccessList::parse(&sddl).unwrap();
        [Change::File, Change::Folder, Change::FolderAbove]
            .map(|change| list.lets_others(change, ME))
    }

    #[test]
    fn what_others_can_change_is_known_by_the_list() {
        const NOBODY: [bool; 3] = [false; 3];
        const EVERYWHERE: [bool; 3] = [true; 3];
        for (list, expected) in [
            // System32, Program Files, a person's folder, and C:\ as Windows has them.
            (
                "D:PAI(A;;0x1301bf;;;SY)(A;OICIIO;GA;;;SY)(A;;0x1301bf;;;BA)(A;;0x1200a9;;;BU)(A;OICIIO;GXGR;;;BU)(A;OICIIO;GA;;;CO)(A;;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)(A;;0x1200a9;;;AC)",
                NOBODY,
            ),
            (
                "D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;S-1-5-21-1-2-3-1001)",
                NOBODY,
            ),
            (
                "D:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)(A;OICIIO;SDGXGWGR;;;AU)(A;;LC;;;AU)",
                [true, false, false],
            ),
            // ProgramData: everybody may add files.
            (
                "D:PAI(A;OICI;FA;;;SY)(A;CI;DCLCRPCR;;;BU)",
                [true, true, false],
            ),
            ("D:(A;;FA;;;WD)", EVERYWHERE),
            ("D:(A;;GA;;;S-1-5-21-1-2-3-1002)", EVERYWHERE),
            ("D:(A;;WD;;;BU)", EVERYWHERE),
            ("D:(A;;WO;;;BU)", EVERYWHERE),
            ("D:(A;;SD;;;BU)", EVERYWHERE),
            ("D:(A;;0x40;;;BU)", [false, true, true]),
            ("D:(A;;FW;;;IU)", [true, true, false]),
            ("D:(A;;GW;;;IU)", [true, true, false]),
            ("D:(A;;FRFX;;;WD)", NOBODY),
            ("D:(D;;FA;;;WD)", NOBODY),
            ("D:(A;IO;FA;;;WD)", NOBODY),
            ("D:(A;OICI;FA;;;WD)", EVERYWHERE),
            (
                "D:(XA;;FA;;;WD;(@User.Title==\"(PM)\"))(A;;FR;;;WD)",
                EVERYWHERE,
            ),
            ("D:(A;;FR;;;WD)(OA;;DC;;;BU)", [true, true, false]),
            // Nobody at all; no list at all; rights that nobody knows.
            ("D:", NOBODY),
            ("", EVERYWHERE),
            ("D:NO_ACCESS_CONTROL", EVERYWHERE),
            ("D:(A;;QQ;;;WD)", EVERYWHERE),
            ("D:(A;;0xnone;;;WD)", EVERYWHERE),
        ] {
            assert_eq!(others(list), expected, "{list}");
        }
    }

    #[test]
    fn it_belongs_to_the_person_or_the_system() {
        for (sddl, owned) in [
            ("O:S-1-5-21-1-2-3-1001D:(A;;FA;;;BA)", true),
            ("O:S-1-5-21-1-2-3-100D:(A;;FA;;;BA)", false),
            ("O:BAD:", true),
            ("O:SY", true),
            ("O:BUD:", false),
            ("O:EDD:P", false),
        ] {
            let list = AccessList::parse(sddl).unwrap();
            assert_eq!(list.is_owned_by(ME), owned, "{sddl}");
        }
        for none in ["", "D:(A;;FA;;;BA)", "G:BA"] {
            assert!(AccessList::parse(none).is_none(), "{none}");
        }
    }
}
