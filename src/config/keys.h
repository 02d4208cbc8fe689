/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every key of the configuration, once: its mapping, name, type, range, field,
 * default and meaning. The reader, the search for the nearest name, the help
 * text and the test of docs/configuration.md all go by this table.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stddef.h>

/* X(name, its place in the file for a person) */
#define CONFIG_SECTIONS(X)                                            \
	X(ROOT,     "the file")                                       \
	X(HOST,     "host")                                           \
	X(ADAPTER,  "adapter")                                        \
	X(MODULE,   "an item of filters or protocols")                \
	X(QOS,      "qos")                                            \
	X(CLASS,    "an item of classes")                             \
	X(SWITCH,   "switch")                                         \
	X(INTERNAL, "switch: internal")                               \
	X(VM,       "an item of vms")

enum config_section {
#define X(name, text) SECTION_##name,
	CONFIG_SECTIONS(X)
#undef X
	SECTION_COUNT
};

enum config_type {
	TYPE_NUMBER,      /* field: unsigned, int or uint16_t */
	TYPE_AMOUNT,      /* field: uint64_t; K, M and G are thousands of it */
	TYPE_BOOL,        /* field: bool */
	TYPE_NAME,        /* field: char * */
	TYPE_MAC,         /* no field of its own: the VM's macs */
	TYPE_MACS,
	TYPE_WORDS,       /* field: char **, NULL-terminated */
	TYPE_NIC,         /* field: char *, "KIND:ARGUMENT" */
	TYPE_PORT,
	TYPE_INPUT,       /* field: char *, a file name made whole */
	TYPE_OUTPUT,      /* field: char *, as given */
	TYPE_SOCKET,      /* field: char *, as given */
	TYPE_VERIFIER,    /* field: enum verifier_mode */
	TYPE_CHOICE,      /* field: unsigned; the value of one of 'choices' */
	TYPE_KEYWORDS,    /* a mapping; field: struct keyword_list */
	TYPE_PRIORITIES,  /* a list of numbers; field: uint8_t, a bit each */
	TYPE_CLASSES,     /* a list of mappings; field: struct qos_config */
	TYPE_SECTION,     /* a mapping: 'child' */
	TYPE_ADAPTER,     /* a mapping: the only adapter */
	TYPE_ADAPTERS,    /* a list of mappings */
	TYPE_MODULES,     /* a list of mappings; field: struct module_list */
	TYPE_INTERNAL,    /* a mapping: the internal port */
	TYPE_VMS,         /* a list of mappings */
};

enum config_need {
	NEED_NOT,
	NEED_ALWAYS,
	NEED_ONE,         /* exactly one of the section's NEED_ONE keys */
};

/* A word that may stand for a value, and what it stands for. */
struct config_choice {
	const char *word;             /* NULL: the end of a list */
	unsigned value;
};

struct config_key {
	unsigned sections;            /* bit per section that has the key */
	const char *name;
	enum config_type type;
	enum config_need need;
	long min, max;                /* TYPE_NUMBER, TYPE_AMOUNT */
	size_t offset, size;          /* of the field in the section's struct */
	const struct config_choice *choices;   /* TYPE_CHOICE */
	enum config_section child;    /* mappings and lists of them: what is inside */
	const char *type_text;        /* where the type's own text does not say enough */
	const char *default_text;     /* NULL: none; the key is needed, or absent means absent */
	const char *meaning;
};

#define CONFIG_MAX_KEYS 64

extern const struct config_key config_keys[];
extern const unsigned config_n_keys;

/* The row of key 'name' in 'section'; NULL: no such key. */
const struct config_key *config_key_find(enum config_section section, const char *name);

/* The two NEED_ONE keys of 'section' into 'pair'; both NULL: it has none. */
void config_key_pair(enum config_section section, const struct config_key *pair[2]);

const char *config_section_text(enum config_section section);

/* Type and range for a person: "number 68..9600". */
struct config_key_type {
	char text[80];
};
struct config_key_type config_key_type(const struct config_key *key);

/* "required", "default: 1500", "mac or macs is required", or "optional". */
struct config_key_type config_key_default(const struct config_key *key);

#endif
