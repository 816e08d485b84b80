//! The module, built and loaded.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::ptr::{null, null_mut};
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;
use std::{env, fs};

use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_ATTRIBUTE, CK_ATTRIBUTE_TYPE, CK_FUNCTION_LIST, CK_MECHANISM, CK_MECHANISM_TYPE,
    CK_OBJECT_HANDLE, CK_RSA_PKCS_PSS_PARAMS, CK_RV, CK_SESSION_HANDLE, CK_SESSION_INFO,
    CK_SLOT_ID, CK_SLOT_INFO, CK_TOKEN_INFO, CK_ULONG,
};

/// The library's file. Cargo gives no test the cdylib of another package, so
/// this has Cargo build it, into the same target folder and with the same
/// profile, and asks where it went. It is built already as a rule.
pub fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--quiet", "--package", "kagibashi-pkcs11"]);
        cargo.arg("--message-format=json");
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let target = env::current_exe().expect("a test has a file");
        // target/debug/deps/test
        if let Some(target) = target.ancestors().nth(3) {
            cargo.env("CARGO_TARGET_DIR", target);
        }
        let output = cargo.output().expect("cargo runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let messages = String::from_utf8_lossy(&output.stdout);
        let built = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|message| message["target"]["name"] == "kagibashi_pkcs11")
            .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
            .filter_map(|file| file.as_str().map(PathBuf::from))
            .find(|file| {
                file.extension()
                    .is_some_and(|it| it == env::consts::DLL_EXTENSION)
            })
            .expect("the package makes a library");
        without_a_program_beside(&built)
    })
}

/// A copy in a folder of its own: beside the built one may lie the program,
/// which the module would start.
fn without_a_program_beside(built: &Path) -> PathBuf {
    let changed = fs::metadata(built)
        .and_then(|file| file.modified())
        .expect("it was built");
    let version = changed
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_nanos());
    let folder = built
        .with_file_name("module-alone")
        .join(version.to_string());
    let copy = folder.join(built.file_name().expect("a library has a name"));
    if !copy.exists() {
        // Tests run side by side: what has this name is whole.
        let part = folder.join(std::process::id().to_string());
        fs::create_dir_all(&folder).expect("the target folder can be written");
        fs::copy(built, &part).expect("the target folder can be written");
        fs::rename(&part, &copy).expect("the target folder can be written");
    }
    copy
}

/// The module's functions.
#[derive(Clone, Copy)]
pub struct Module {
    list: &'static CK_FUNCTION_LIST,
}

/// Calls a function of the list.
#[macro_export]
macro_rules! call {
    ($module:expr, $function:ident $(, $argument:expr)* $(,)?) => {{
        let function = $module.list().$function.expect("every place holds a function");
        #[allow(clippy::macro_metavars_in_unsafe, reason = "places to be written to")]
        // SAFETY: each test passes what the standard wants, or NULL.
        let value = unsafe { function($($argument),*) };
        value
    }};
}

impl Module {
    /// Loads the library. It stays loaded.
    pub fn load() -> Self {
        Self::load_from(library())
    }

    /// Loads a copy of it: to the system another library.
    pub fn load_copy(folder: &Path) -> Self {
        let copy = folder.join("copy.so");
        fs::copy(library(), &copy).expect("it can be copied");
        Self::load_from(&copy)
    }

    /// Loads the library from there.
    pub fn load_from(path: &Path) -> Self {
        // SAFETY: our own library; the list is a static of it, and it is
        // never unloaded.
        let list = unsafe {
            let library = libloading::Library::new(path).expect("it can be loaded");
            let get: libloading::Symbol<unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV> =
                library.get(b"C_GetFunctionList").expect("it is exported");
            let mut list = null_mut();
            assert_eq!(get(&raw mut list), ck::CKR_OK);
            std::mem::forget(library);
            list.as_ref().expect("a list")
        };
        Self { list }
    }

    /// Loads and initialises.
    pub fn ready() -> Self {
        let module = Self::load();
        assert_eq!(module.initialise(), ck::CKR_OK);
        module
    }

    /// The list itself.
    pub fn list(&self) -> &'static CK_FUNCTION_LIST {
        self.list
    }

    /// `C_Initialize` as NSS calls it.
    pub fn initialise(&self) -> CK_RV {
        let mut arguments = ck::CK_C_INITIALIZE_ARGS {
            CreateMutex: None,
            DestroyMutex: None,
            LockMutex: None,
            UnlockMutex: None,
            flags: ck::CKF_LIBRARY_CANT_CREATE_OS_THREADS | ck::CKF_OS_LOCKING_OK,
            pReserved: null_mut(),
        };
        call!(self, C_Initialize, (&raw mut arguments).cast())
    }

    /// `C_Finalize`
    pub fn finalise(&self) -> CK_RV {
        call!(self, C_Finalize, null_mut())
    }

    /// `C_GetSlotList`, as NSS calls it: length first.
    pub fn slots(&self, with_token: bool) -> Vec<CK_SLOT_ID> {
        let only = ck::CK_BBOOL::from(with_token);
        let mut count = 0;
        assert_eq!(
            call!(self, C_GetSlotList, only, null_mut(), &raw mut count),
            ck::CKR_OK
        );
        let mut slots = vec![0; usize::try_from(count).expect("few")];
        assert_eq!(
            call!(
                self,
                C_GetSlotList,
                only,
                slots.as_mut_ptr(),
                &raw mut count
            ),
            ck::CKR_OK
        );
        slots.truncate(usize::try_from(count).expect("few"));
        slots
    }

    /// Whether a token is in the slot.
    pub fn is_present(&self, slot: CK_SLOT_ID) -> bool {
        let mut info = CK_SLOT_INFO::default();
        assert_eq!(call!(self, C_GetSlotInfo, slot, &raw mut info), ck::CKR_OK);
        let flags = info.flags;
        flags & ck::CKF_TOKEN_PRESENT != 0
    }

    /// `C_GetTokenInfo`
    pub fn token_info(&self, slot: CK_SLOT_ID) -> Result<CK_TOKEN_INFO, CK_RV> {
        let mut info = CK_TOKEN_INFO::default();
        checked(call!(self, C_GetTokenInfo, slot, &raw mut info)).map(|()| info)
    }

    /// `C_OpenSession`, read-only
    pub fn open(&self, slot: CK_SLOT_ID) -> Result<CK_SESSION_HANDLE, CK_RV> {
        self.open_with(slot, ck::CKF_SERIAL_SESSION)
    }

    /// `C_OpenSession`
    pub fn open_with(
        &self,
        slot: CK_SLOT_ID,
        flags: ck::CK_FLAGS,
    ) -> Result<CK_SESSION_HANDLE, CK_RV> {
        let mut session = 0;
        let value = call!(
            self,
            C_OpenSession,
            slot,
            flags,
            null_mut(),
            None,
            &raw mut session
        );
        checked(value).map(|()| session)
    }

    /// `C_GetSessionInfo`: the state.
    pub fn session_state(&self, session: CK_SESSION_HANDLE) -> Result<ck::CK_STATE, CK_RV> {
        let mut info = CK_SESSION_INFO::default();
        checked(call!(self, C_GetSessionInfo, session, &raw mut info)).map(|()| info.state)
    }

    /// `C_Login` as the user.
    pub fn login(&self, session: CK_SESSION_HANDLE, pin: &[u8]) -> CK_RV {
        let mut pin = pin.to_vec();
        let length = CK_ULONG::try_from(pin.len()).expect("short");
        call!(
            self,
            C_Login,
            session,
            ck::CKU_USER,
            pin.as_mut_ptr(),
            length
        )
    }

    /// A whole search, `step` objects at a time.
    pub fn find(
        &self,
        session: CK_SESSION_HANDLE,
        template: &[(CK_ATTRIBUTE_TYPE, &[u8])],
        step: CK_ULONG,
    ) -> Result<Vec<CK_OBJECT_HANDLE>, CK_RV> {
        let mut template: Vec<CK_ATTRIBUTE> = template
            .iter()
            .map(|(kind, value)| CK_ATTRIBUTE {
                type_: *kind,
                pValue: value.as_ptr().cast_mut().cast(),
                ulValueLen: CK_ULONG::try_from(value.len()).expect("short"),
            })
            .collect();
        let count = CK_ULONG::try_from(template.len()).expect("few");
        checked(call!(
            self,
            C_FindObjectsInit,
            session,
            template.as_mut_ptr(),
            count
        ))?;
        let mut found = vec![];
        loop {
            let mut some = vec![0; usize::try_from(step).expect("few")];
            let mut got = 0;
            let value = call!(
                self,
                C_FindObjects,
                session,
                some.as_mut_ptr(),
                step,
                &raw mut got
            );
            checked(value)?;
            if got == 0 {
                break;
            }
            found.extend(some.into_iter().take(usize::try_from(got).expect("few")));
        }
        checked(call!(self, C_FindObjectsFinal, session))?;
        Ok(found)
    }

    /// All objects of a class.
    pub fn of_class(
        &self,
        session: CK_SESSION_HANDLE,
        class: ck::CK_OBJECT_CLASS,
    ) -> Vec<CK_OBJECT_HANDLE> {
        let template = [(ck::CKA_CLASS, &class.to_ne_bytes()[..])];
        self.find(session, &template, 10).expect("a search")
    }

    /// The value of one attribute, as NSS asks for it: length first.
    pub fn attribute(
        &self,
        session: CK_SESSION_HANDLE,
        object: CK_OBJECT_HANDLE,
        kind: CK_ATTRIBUTE_TYPE,
    ) -> Result<Vec<u8>, CK_RV> {
        let mut attribute = CK_ATTRIBUTE {
            type_: kind,
            pValue: null_mut(),
            ulValueLen: 0,
        };
        checked(call!(
            self,
            C_GetAttributeValue,
            session,
            object,
            &raw mut attribute,
            1
        ))?;
        let length = attribute.ulValueLen;
        let mut value = vec![0; usize::try_from(length).expect("short")];
        attribute.pValue = value.as_mut_ptr().cast();
        checked(call!(
            self,
            C_GetAttributeValue,
            session,
            object,
            &raw mut attribute,
            1
        ))?;
        Ok(value)
    }

    /// `C_SignInit` without a parameter.
    pub fn sign_init(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: CK_MECHANISM_TYPE,
        key: CK_OBJECT_HANDLE,
    ) -> CK_RV {
        let mut mechanism = CK_MECHANISM {
            mechanism,
            pParameter: null_mut(),
            ulParameterLen: 0,
        };
        call!(self, C_SignInit, session, &raw mut mechanism, key)
    }

    /// `C_SignInit` for PSS.
    pub fn sign_init_pss(
        &self,
        session: CK_SESSION_HANDLE,
        mut parameters: CK_RSA_PKCS_PSS_PARAMS,
        key: CK_OBJECT_HANDLE,
    ) -> CK_RV {
        let size = size_of::<CK_RSA_PKCS_PSS_PARAMS>();
        let mut mechanism = CK_MECHANISM {
            mechanism: ck::CKM_RSA_PKCS_PSS,
            pParameter: (&raw mut parameters).cast(),
            ulParameterLen: CK_ULONG::try_from(size).expect("short"),
        };
        call!(self, C_SignInit, session, &raw mut mechanism, key)
    }

    /// `C_Sign` into a buffer of 256 bytes.
    pub fn sign(&self, session: CK_SESSION_HANDLE, data: &[u8]) -> Result<Vec<u8>, CK_RV> {
        let mut signature = vec![0; 256];
        let mut length: CK_ULONG = 256;
        let data_length = CK_ULONG::try_from(data.len()).expect("short");
        let data = if data.is_empty() {
            null()
        } else {
            data.as_ptr()
        };
        let value = call!(
            self,
            C_Sign,
            session,
            data.cast_mut(),
            data_length,
            signature.as_mut_ptr(),
            &raw mut length
        );
        checked(value)?;
        signature.truncate(usize::try_from(length).expect("short"));
        Ok(signature)
    }

    /// The only private key.
    pub fn key(&self, session: CK_SESSION_HANDLE) -> CK_OBJECT_HANDLE {
        let keys = self.of_class(session, ck::CKO_PRIVATE_KEY);
        assert_eq!(keys.len(), 1);
        keys[0]
    }
}

/// PSS with SHA-256, as TLS has it.
pub const PSS_SHA256: CK_RSA_PKCS_PSS_PARAMS = CK_RSA_PKCS_PSS_PARAMS {
    hashAlg: ck::CKM_SHA256,
    mgf: ck::CKG_MGF1_SHA256,
    sLen: 32,
};

/// The `DigestInfo` of a SHA-256 hash.
pub fn digest_info(hash: [u8; 32]) -> Vec<u8> {
    let prefix = hex::decode("3031300d060960864801650304020105000420").expect("as written");
    [prefix, hash.to_vec()].concat()
}

fn checked(value: CK_RV) -> Result<(), CK_RV> {
    if value == ck::CKR_OK {
        Ok(())
    } else {
        Err(value)
    }
}
