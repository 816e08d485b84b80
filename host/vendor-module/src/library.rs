//! A module loaded into this process.

#![allow(
    unsafe_code,
    reason = "a shared library and its function list come by C"
)]

use std::path::Path;
use std::sync::Arc;

use cryptoki_sys as ck;
use libloading::Library as SharedLibrary;

use crate::call::Functions;
use crate::error::{ModuleError, ReturnValue};
use crate::session::Session;
use crate::token::{Slot, SlotInfo, TokenInfo, text};

/// A module that has been loaded and initialised.
pub struct Library {
    functions: Arc<Functions>,
    takes_threads: bool,
}

/// What tells of tokens that come and go, on a thread of its own.
pub struct SlotEvents {
    functions: Arc<Functions>,
}

/// What a module says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryInfo {
    /// Who made it.
    pub manufacturer: String,
    /// What it is.
    pub description: String,
    /// Major and minor version.
    pub version: (u8, u8),
}

/// More slots than that are nonsense.
const SLOTS_MAX: usize = 256;

impl Library {
    /// Loads the module at that path and initialises it. The code of the library runs from here on.
    pub fn load(path: &Path) -> Result<Self, ModuleError> {
        let (library, list) = load(path)?;
        let functions = Arc::new(Functions::new(library, list));
        let takes_threads = functions.initialize()?;
        Ok(Self {
            functions,
            takes_threads,
        })
    }

    /// What it says of itself.
    pub fn info(&self) -> Result<LibraryInfo, ModuleError> {
        let info = self.functions.info()?;
        Ok(LibraryInfo {
            manufacturer: text(&info.manufacturerID),
            description: text(&info.libraryDescription),
            version: (info.libraryVersion.major, info.libraryVersion.minor),
        })
    }

    /// The slots that hold a token.
    pub fn slots_with_token(&self) -> Result<Vec<Slot>, ModuleError> {
        // The list may grow between the two questions.
        for _ in 0..4 {
            let count = self.functions.slot_count()?;
            if count == 0 {
                return Ok(Vec::new());
            }
            if count > SLOTS_MAX {
                return Err(ModuleError::Nonsense("C_GetSlotList"));
            }
            match self.functions.slot_list(count) {
                Ok(slots) => return Ok(slots.into_iter().map(Slot).collect()),
                Err(error) if error.value() == Some(ReturnValue::BUFFER_TOO_SMALL) => {}
                Err(error) => return Err(error),
            }
        }
        Err(ModuleError::Nonsense("C_GetSlotList"))
    }

    /// `None` of a module that several threads must not call at once.
    pub fn slot_events(&self) -> Option<SlotEvents> {
        self.takes_threads.then(|| SlotEvents {
            functions: Arc::clone(&self.functions),
        })
    }

    /// What a slot is.
    pub fn slot_info(&self, slot: Slot) -> Result<SlotInfo, ModuleError> {
        self.functions.slot_info(slot.0).map(SlotInfo::from)
    }

    /// What the token in a slot is.
    pub fn token_info(&self, slot: Slot) -> Result<TokenInfo, ModuleError> {
        self.functions.token_info(slot.0).map(TokenInfo::from)
    }

    /// Opens a session with the token in a slot.
    pub fn open_session(&self, slot: Slot, writable: bool) -> Result<Session, ModuleError> {
        let mut flags = ck::CKF_SERIAL_SESSION;
        if writable {
            flags |= ck::CKF_RW_SESSION;
        }
        let handle = self.functions.open_session(slot.0, flags)?;
        Ok(Session::new(Arc::clone(&self.functions), handle))
    }
}

impl SlotEvents {
    /// Blocks until a token has come or gone. Many modules do not tell, and say so with an error;
    /// how long others stay in here, and whether they return when the module's end comes, is theirs.
    pub fn wait(&self) -> Result<(), ModuleError> {
        self.functions.wait_for_slot_event()
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        self.functions.finalize();
    }
}

type GetFunctionList = unsafe extern "C" fn(*mut *mut ck::CK_FUNCTION_LIST) -> ck::CK_RV;

fn load(path: &Path) -> Result<(SharedLibrary, Box<ck::CK_FUNCTION_LIST>), ModuleError> {
    let not_loaded = |error: libloading::Error| ModuleError::NotLoaded(error.to_string());
    // SAFETY: the code of the library is run, and may do anything; that is why this process does
    // nothing else.
    let library = unsafe { open(path) }.map_err(not_loaded)?;
    let mut list = std::ptr::null_mut();
    // SAFETY: this is the function's type in the standard.
    let value = unsafe {
        let get_function_list = library
            .get::<GetFunctionList>(b"C_GetFunctionList\0")
            .map_err(|_| ModuleError::NoModule)?;
        get_function_list(&raw mut list)
    };
    if value != ck::CKR_OK || list.is_null() || !list.is_aligned() {
        return Err(ModuleError::NoModule);
    }
    // SAFETY: the list is there and lives as long as the library. Every version 2 has all of the
    // functions in it, and so have the lists of version 3 that C_GetFunctionList may return.
    let list = Box::new(unsafe { *list });
    Ok((library, list))
}

#[cfg(not(windows))]
unsafe fn open(path: &Path) -> Result<SharedLibrary, libloading::Error> {
    // SAFETY: as the caller's.
    unsafe { SharedLibrary::new(path) }
}

/// With the folder of the library as the place of those that it needs.
#[cfg(windows)]
unsafe fn open(path: &Path) -> Result<SharedLibrary, libloading::Error> {
    use libloading::os::windows::{LOAD_WITH_ALTERED_SEARCH_PATH, Library as WindowsLibrary};

    // SAFETY: as the caller's.
    unsafe { WindowsLibrary::load_with_flags(path, LOAD_WITH_ALTERED_SEARCH_PATH) }
        .map(SharedLibrary::from)
}
