/* SPDX-License-Identifier: BSD-2-Clause */
/* What the rows of the .def files become. */
#ifndef DORMOUSE_SANDBOX_ROWS_H
#define DORMOUSE_SANDBOX_ROWS_H

#define ROWS(rules) (sizeof(rules) / sizeof((rules)[0]))

#define CALL(name) {.call = #name},
#define CALL_IF(name, number, bits, wanted, text)                                                  \
    {.call = #name, .words = (text), .argument = (number), .mask = (bits), .value = (wanted)},
#define CALL_OWN(name, number)                                                                     \
    {.call = #name,                                                                                \
     .words = "of this process",                                                                   \
     .argument = (number),                                                                         \
     .mask = UINT32_MAX,                                                                           \
     .own_process = true},
#define REFUSE(name, error)    {.call = #name, .words = "fails with " #error, .refusal = (error)},
#define IOCTL(request, number) CALL_IF(ioctl, 1, UINT32_MAX, number, #request)

#endif
