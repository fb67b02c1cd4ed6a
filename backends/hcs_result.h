/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * HRESULTs of the Host Compute Service: official values (winerror.h), and what each means to a
 * controller. One code arrives in two spellings, 0x8037xxxx and vmcompute's 0xC037xxxx; all
 * functions here take either. Below 0 is failure, everything else success.
 */
#include <stdbool.h>

#include "backends/hcs_result_table.h"
#include "backends/hcs_types.h"
#include "base/error.h"

/* What a result says about the thing the call named. The call decides what that is worth: ABSENT
 * is success for a delete and failure for a start. */
enum hcs_outcome {
	HCS_DONE,     /* success */
	HCS_ABSENT,   /* what was named is not there */
	HCS_EXISTS,   /* what was to be made is there: open it, compare owner and content */
	HCS_STOPPED,  /* the system or process has ended already */
	HCS_STATE,    /* not in a state for this call: look at it again */
	HCS_ATTACHED, /* the endpoint is in a namespace already: which one? */
	HCS_IN_USE,   /* something still refers to it: finish that first, then again */
	HCS_RUNNING,  /* the operation goes on and its end is unknown: look again later */
	HCS_LOST,     /* the service went away: every handle is dead, open again */
	HCS_FAILED,   /* none of these */
};

/* The constants: HCS_E_SYSTEM_NOT_FOUND and so on, as HRESULT. */
#define HCS_RESULT(value) ((HRESULT)UINT32_C(value))
#ifndef _WIN32
#define S_OK           HCS_RESULT(0)
#define E_NOTIMPL      HCS_RESULT(0x80004001)
#define E_FAIL         HCS_RESULT(0x80004005)
#define E_UNEXPECTED   HCS_RESULT(0x8000ffff)
#define E_ACCESSDENIED HCS_RESULT(0x80070005)
#define E_HANDLE       HCS_RESULT(0x80070006)
#define E_OUTOFMEMORY  HCS_RESULT(0x8007000e)
#define E_INVALIDARG   HCS_RESULT(0x80070057)
#endif
enum {
#define X(name, value, outcome, code) name = (int32_t)UINT32_C(value),
	HCS_RESULTS(X)
#undef X
};

/** hcs_result_failed() - FAILED() of the SDK */
static inline bool hcs_result_failed(HRESULT hr)
{
	return hr < 0;
}

/** hcs_result_normal() - one spelling for each code: 0xC037xxxx becomes 0x8037xxxx */
HRESULT hcs_result_normal(HRESULT hr);

/** hcs_result_is() - the same code, in whatever spelling */
bool hcs_result_is(HRESULT hr, HRESULT code);

enum hcs_outcome hcs_result_outcome(HRESULT hr); /* HCS_DONE when >= 0, HCS_FAILED when unknown */
enum error_code hcs_result_code(HRESULT hr);     /* ERR_OK when >= 0, ERR_IO when unknown */
const char *hcs_result_name(HRESULT hr);         /* "HCS_E_INVALID_JSON"; "an unknown code" */

/**
 * hcs_result_document() - the code an answer's document carries
 * @document: a ResultError of computecore (`Error`, signed), an error record of computenetwork
 *            (`ErrorCode`, unsigned; a bare Windows code counts as 0x8007xxxx), UTF-16; or NULL
 *
 * computenetwork may answer S_OK beside a record that is a failure; take this one then.
 *
 * Return: S_OK when there is no document, or none with a code of failure; E_FAIL for a document
 *         that says `Success: false` without a code.
 */
HRESULT hcs_result_document(PCWSTR document);

/**
 * hcs_result_error() - an error out of a failed HRESULT, with the reason its document gives
 * @document: as above; NULL: none
 *
 * "<context>: HCS_E_INVALID_JSON (0x8037010d): <ErrorMessage or Error, then event messages>".
 *
 * Return: -(the code's policy), to be returned as it is; -ERR_IO when @hr is no failure.
 */
int hcs_result_error(struct error *err, HRESULT hr, PCWSTR document, const char *fmt, ...)
	__attribute__((format(printf, 4, 5), cold));
