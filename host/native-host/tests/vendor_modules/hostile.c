/* A PKCS#11 module that misbehaves as a file tells it: the first word in the
 * file that HOSTILE_BEHAVIOUR names, read anew at each call. It has one slot
 * with one token, one private key and one certificate that is none. The token
 * comes and goes with the file that HOSTILE_TOKEN names, if it names one; that
 * is told by C_WaitForSlotEvent. It lacks C_GetInterface, as modules of version
 * 2 do. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long ulong;
typedef ulong (*function)(void);

enum { OK = 0, GENERAL_ERROR = 5, CANT_LOCK = 0xA, DEVICE_REMOVED = 0x32, PIN_INCORRECT = 0xA0,
       ATTRIBUTE_TYPE_INVALID = 0x12, FUNCTION_NOT_SUPPORTED = 0x54, TOKEN_NOT_PRESENT = 0xE0,
       BUFFER_TOO_SMALL = 0x150, NOT_INITIALIZED = 0x190 };
enum { CLASS_CERTIFICATE = 1, CLASS_PRIVATE_KEY = 3 };
enum { CKA_CLASS = 0, CKA_VALUE = 0x11, CKA_LABEL = 3, CKA_KEY_TYPE = 0x100 };

static int behaves(const char *name) {
    char word[64] = "";
    FILE *file = fopen(getenv("HOSTILE_BEHAVIOUR"), "r");
    if (!file)
        return 0;
    int read = fscanf(file, "%63s", word);
    fclose(file);
    return read == 1 && strcmp(word, name) == 0;
}

static void misbehave(const char *where) {
    char name[64];
    snprintf(name, sizeof name, "crash-%s", where);
    if (behaves(name))
        *(volatile int *)8 = 1;
    snprintf(name, sizeof name, "hang-%s", where);
    while (behaves(name))
        usleep(1000);
    snprintf(name, sizeof name, "exit-%s", where);
    if (behaves(name))
        exit(0);
    snprintf(name, sizeof name, "print-%s", where);
    if (behaves(name))
        printf("loading the token, one moment please...\n"), fflush(stdout);
}

struct info { unsigned char version[2]; char manufacturer[32]; ulong flags;
              char description[32]; unsigned char library[2]; };
struct slot { char description[64], manufacturer[32]; ulong flags;
              unsigned char hardware[2], firmware[2]; };
struct token { char label[32], manufacturer[32], model[16], serial[16]; ulong flags;
               ulong counts[10]; unsigned char hardware[2], firmware[2]; char time[16]; };
struct attribute { ulong type; void *value; ulong length; };

static volatile int initialized, waiting, one_thread, told;

static int is_in(void) {
    const char *token = getenv("HOSTILE_TOKEN");
    return !token || access(token, F_OK) == 0;
}

static ulong initialize(void *arguments) {
    misbehave("initialize");
    if (behaves("one-thread")) {
        if (arguments) return CANT_LOCK;
        one_thread = 1;
    }
    initialized = 1;
    told = is_in();
    return OK;
}

static ulong finalize(void *reserved) {
    (void)reserved;
    misbehave("finalize");
    initialized = 0;
    return OK;
}

static ulong get_info(struct info *info) {
    memset(info, ' ', sizeof *info);
    memcpy(info->description, "Hostile", 7);
    if (behaves("pretend-to-be-ours"))
        memcpy(info->description, "Kagibashi PKCS#11 module", 24);
    return OK;
}

static ulong get_slot_list(unsigned char present, ulong *slots, ulong *count) {
    static ulong call;
    (void)present;
    misbehave("slots");
    while (waiting && behaves("wait-alone"))
        usleep(1000);
    if (behaves("huge-slot-count")) { *count = 1UL << 60; return OK; }
    if (behaves("error-slots")) return GENERAL_ERROR;
    if (behaves("changing-slots")) {
        call++;
        if (!slots) { *count = 3; return OK; }
        *count = call % 3;
        for (ulong i = 0; i < *count; i++) slots[i] = call * 7 + i;
        return OK;
    }
    int in = is_in();
    if (slots && in) {
        if (!*count) return BUFFER_TOO_SMALL;
        slots[0] = 42;
    }
    *count = behaves("longer-slot-list") && slots ? 1000 : in;
    return OK;
}

static ulong wait_for_slot_event(ulong flags, ulong *slot, void *reserved) {
    (void)reserved;
    if (flags) return FUNCTION_NOT_SUPPORTED;
    if (one_thread) abort();
    waiting = 1;
    misbehave("wait");
    while (is_in() == told && (initialized || behaves("endless-wait")))
        usleep(1000);
    waiting = 0;
    if (behaves("late-crash-wait")) abort();
    told = is_in();
    *slot = 42;
    return initialized ? OK : NOT_INITIALIZED;
}

static ulong get_slot_info(ulong slot, struct slot *info) {
    if (slot != 42) return TOKEN_NOT_PRESENT;
    memset(info, ' ', sizeof *info);
    info->flags = 1;
    return OK;
}

static ulong get_token_info(ulong slot, struct token *info) {
    misbehave("token");
    if (slot != 42 && slot % 2) return TOKEN_NOT_PRESENT;
    memset(info, ' ', sizeof *info);
    memcpy(info->label, "hostile", 7);
    memcpy(info->serial, "0815", 4);
    if (getenv("HOSTILE_SERIAL"))
        memcpy(info->serial, getenv("HOSTILE_SERIAL"), 16);
    /* initialised, login required, PIN set */
    info->flags = 0x400 | 4 | 8;
    if (behaves("pin-pad")) info->flags |= 0x100;
    if (behaves("final-try")) info->flags |= 0x20000;
    if (behaves("locked")) info->flags |= 0x40000;
    return OK;
}

static ulong open_session(ulong slot, ulong flags, void *application, void *notify, ulong *session) {
    (void)slot; (void)flags; (void)application; (void)notify;
    misbehave("session");
    *session = 1;
    return OK;
}

static ulong close_session(ulong session) { (void)session; return OK; }

static ulong login(ulong session, ulong user, unsigned char *pin, ulong length) {
    (void)session; (void)user;
    misbehave("login");
    if (behaves("removed-login")) return DEVICE_REMOVED;
    /* A module that is given a PIN there would show it to the reader. */
    if (behaves("pin-pad")) return pin || length ? GENERAL_ERROR : OK;
    return length == 4 && memcmp(pin, "1234", 4) == 0 ? OK : PIN_INCORRECT;
}

static ulong logout(ulong session) { (void)session; misbehave("logout"); return OK; }

static ulong wanted, found;

static ulong find_init(ulong session, struct attribute *template, ulong count) {
    (void)session;
    found = 0;
    for (ulong i = 0; i < count; i++)
        if (template[i].type == CKA_CLASS) wanted = *(ulong *)template[i].value;
    return OK;
}

static ulong find(ulong session, ulong *objects, ulong room, ulong *count) {
    (void)session;
    misbehave("find");
    *count = 0;
    if (behaves("endless-objects")) {
        for (ulong i = 0; i < room; i++) objects[i] = wanted;
        *count = room;
    } else if (behaves("many-objects") && wanted == CLASS_CERTIFICATE) {
        for (; *count < room && found < 300; found++) objects[(*count)++] = wanted;
    } else if (behaves("longer-object-list")) {
        *count = room + 1000;
    } else if (!found && (wanted == CLASS_CERTIFICATE || wanted == CLASS_PRIVATE_KEY)) {
        objects[0] = wanted;
        *count = found = 1;
    }
    return OK;
}

static ulong find_final(ulong session) { (void)session; return OK; }

static ulong get_attribute(ulong session, ulong object, struct attribute *attribute, ulong count) {
    (void)session; (void)count;
    static const char value[] = "this is no certificate";
    misbehave("attribute");
    if (object != CLASS_CERTIFICATE || (attribute->type != CKA_VALUE && attribute->type != CKA_LABEL))
        return ATTRIBUTE_TYPE_INVALID;
    if (behaves("huge-attribute")) { attribute->length = 1UL << 62; return OK; }
    if (behaves("longer-attribute") && attribute->value) { attribute->length = 1UL << 20; return OK; }
    if (attribute->value) memcpy(attribute->value, value, sizeof value);
    attribute->length = sizeof value;
    return OK;
}

static ulong sign_init(ulong session, void *mechanism, ulong key) {
    (void)session; (void)mechanism; (void)key;
    return OK;
}

static ulong sign(ulong session, void *data, ulong size, unsigned char *signature, ulong *length) {
    (void)session; (void)data; (void)size;
    misbehave("sign");
    if (behaves("longer-signature")) { *length = 1UL << 40; return OK; }
    memset(signature, 0x55, 64);
    *length = 64;
    return OK;
}

static struct { unsigned char version[2]; function functions[68]; } list;

#ifndef WITHOUT_FUNCTION_LIST
ulong C_GetFunctionList(void **answer) {
    misbehave("load");
    if (behaves("null-list")) { *answer = NULL; return OK; }
    list.version[0] = 2;
    list.version[1] = 40;
    if (!behaves("missing-functions")) {
        list.functions[0] = (function)initialize;
        list.functions[1] = (function)finalize;
        list.functions[2] = (function)get_info;
        list.functions[4] = (function)get_slot_list;
        list.functions[5] = (function)get_slot_info;
        list.functions[6] = (function)get_token_info;
        list.functions[12] = (function)open_session;
        list.functions[13] = (function)close_session;
        list.functions[18] = (function)login;
        list.functions[19] = (function)logout;
        list.functions[24] = (function)get_attribute;
        list.functions[26] = (function)find_init;
        list.functions[27] = (function)find;
        list.functions[28] = (function)find_final;
        list.functions[42] = (function)sign_init;
        list.functions[43] = (function)sign;
        if (getenv("HOSTILE_TOKEN"))
            list.functions[67] = (function)wait_for_slot_event;
    }
    *answer = &list;
    return OK;
}
#endif
