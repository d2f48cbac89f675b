// What is used of QEMU's plugin interface. QEMU's own header is not packaged everywhere; the functions are found in the
// emulator when it loads the plugin. PLUGIN_INTERFACE is the interface's version: 1 until QEMU 9.0, 2 in 9.0, 3 from 9.1 on.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef PLUGIN_INTERFACE
#define PLUGIN_INTERFACE 1
#endif
#define PLUGIN_EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_mem_rw { QEMU_PLUGIN_MEM_R = 1, QEMU_PLUGIN_MEM_W, QEMU_PLUGIN_MEM_RW };

typedef void (*qemu_plugin_vcpu_udata_cb_t)(unsigned int vcpu, void *data);
typedef void (*qemu_plugin_vcpu_mem_cb_t)(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*callback)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_vcpu_udata_cb_t callback,
                                          enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_udata_cb_t callback,
                                            enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_mem_cb_t callback,
                                      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw, void *data);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#if PLUGIN_INTERFACE < 3
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
static inline void insn_bytes(const struct qemu_plugin_insn *insn, uint8_t code[4]) {
  const uint8_t *data = (const uint8_t *)qemu_plugin_insn_data(insn);
  for (size_t i = 0; i < 4 && i < qemu_plugin_insn_size(insn); ++i) code[i] = data[i];
}
#else
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *code, size_t bytes);
static inline void insn_bytes(const struct qemu_plugin_insn *insn, uint8_t code[4]) {
  qemu_plugin_insn_data(insn, code, 4);
}
#endif
