/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions of ntstrsafe.h for one width of characters; included by strsafe.c
 * for each of them, with CHARACTER its type, NAME(x) its names, and FORMAT its
 * formatter. Counts are characters inside; the Cb functions take bytes.
 */

/* What is left of the text at the end of a call, as its flags ask for. */
static NTSTATUS NAME(finish_)(CHARACTER *dest, size_t cch, size_t length, bool fits,
			      CHARACTER **end, size_t *remaining, DWORD flags)
{
	if (!fits && (flags & STRSAFE_FILL_ON_FAILURE)) {
		memset(dest, (int)(flags & 0xff), cch * sizeof(*dest));
		length = cch - 1;
		dest[length] = 0;
	} else if (!fits && (flags & (STRSAFE_NULL_ON_FAILURE | STRSAFE_NO_TRUNCATION))) {
		dest[0] = 0;
		length = 0;
	} else if (fits && (flags & STRSAFE_FILL_BEHIND_NULL)) {
		memset(dest + length + 1, (int)(flags & 0xff), (cch - length - 1) * sizeof(*dest));
	}
	if (end)
		*end = dest + length;
	if (remaining)
		*remaining = cch - length;
	return fits ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}

static bool NAME(usable_)(const CHARACTER *dest, size_t cch)
{
	return dest && cch > 0 && cch <= STRSAFE_MAX_CCH;
}

/* Copies up to 'max' characters of 'src' behind the first 'at' of 'dest'. */
static NTSTATUS NAME(copy_)(CHARACTER *dest, size_t cch, size_t at, const CHARACTER *src,
			    size_t max)
{
	size_t n = 0;

	while (n < max && src[n] && at + n < cch - 1) {
		dest[at + n] = src[n];
		n++;
	}
	dest[at + n] = 0;
	return n < max && src[n] ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS NAME(RtlStringCchLength)(const CHARACTER *psz, size_t cchMax, size_t *pcchLength)
{
	size_t n = 0;

	if (pcchLength)
		*pcchLength = 0;
	if (!psz || cchMax > STRSAFE_MAX_CCH)
		return STATUS_INVALID_PARAMETER;
	while (n < cchMax && psz[n])
		n++;
	if (n == cchMax)
		return STATUS_INVALID_PARAMETER;
	if (pcchLength)
		*pcchLength = n;
	return STATUS_SUCCESS;
}

NTSTATUS NAME(RtlStringCbLength)(const CHARACTER *psz, size_t cbMax, size_t *pcbLength)
{
	NTSTATUS status = NAME(RtlStringCchLength)(psz, cbMax / sizeof(*psz), pcbLength);

	if (pcbLength)
		*pcbLength *= sizeof(*psz);
	return status;
}

NTSTATUS NAME(RtlStringCchCopyN)(CHARACTER *pszDest, size_t cchDest, const CHARACTER *pszSrc,
				 size_t cchToCopy)
{
	if (!NAME(usable_)(pszDest, cchDest) || cchToCopy > STRSAFE_MAX_CCH)
		return STATUS_INVALID_PARAMETER;
	return NAME(copy_)(pszDest, cchDest, 0, pszSrc, cchToCopy);
}

NTSTATUS NAME(RtlStringCbCopyN)(CHARACTER *pszDest, size_t cbDest, const CHARACTER *pszSrc,
				size_t cbToCopy)
{
	return NAME(RtlStringCchCopyN)(pszDest, cbDest / sizeof(*pszDest), pszSrc,
				       cbToCopy / sizeof(*pszDest));
}

NTSTATUS NAME(RtlStringCchCopy)(CHARACTER *pszDest, size_t cchDest, const CHARACTER *pszSrc)
{
	return NAME(RtlStringCchCopyN)(pszDest, cchDest, pszSrc, STRSAFE_MAX_CCH);
}

NTSTATUS NAME(RtlStringCbCopy)(CHARACTER *pszDest, size_t cbDest, const CHARACTER *pszSrc)
{
	return NAME(RtlStringCchCopy)(pszDest, cbDest / sizeof(*pszDest), pszSrc);
}

NTSTATUS NAME(RtlStringCchCatN)(CHARACTER *pszDest, size_t cchDest, const CHARACTER *pszSrc,
				size_t cchToAppend)
{
	size_t at;

	if (!NAME(usable_)(pszDest, cchDest) || cchToAppend > STRSAFE_MAX_CCH ||
	    NAME(RtlStringCchLength)(pszDest, cchDest, &at) != STATUS_SUCCESS)
		return STATUS_INVALID_PARAMETER;
	return NAME(copy_)(pszDest, cchDest, at, pszSrc, cchToAppend);
}

NTSTATUS NAME(RtlStringCbCatN)(CHARACTER *pszDest, size_t cbDest, const CHARACTER *pszSrc,
			       size_t cbToAppend)
{
	return NAME(RtlStringCchCatN)(pszDest, cbDest / sizeof(*pszDest), pszSrc,
				      cbToAppend / sizeof(*pszDest));
}

NTSTATUS NAME(RtlStringCchCat)(CHARACTER *pszDest, size_t cchDest, const CHARACTER *pszSrc)
{
	return NAME(RtlStringCchCatN)(pszDest, cchDest, pszSrc, STRSAFE_MAX_CCH);
}

NTSTATUS NAME(RtlStringCbCat)(CHARACTER *pszDest, size_t cbDest, const CHARACTER *pszSrc)
{
	return NAME(RtlStringCchCat)(pszDest, cbDest / sizeof(*pszDest), pszSrc);
}

NTSTATUS NAME(RtlStringCchVPrintfEx)(CHARACTER *pszDest, size_t cchDest, CHARACTER **ppszDestEnd,
				     size_t *pcchRemaining, DWORD dwFlags,
				     const CHARACTER *pszFormat, va_list argList)
{
	static const CHARACTER nothing[1];
	size_t length;

	if (dwFlags & STRSAFE_IGNORE_NULLS) {
		pszFormat = pszFormat ? pszFormat : nothing;
		/* Room for nothing: only an empty text fits it. */
		if (!pszDest && !cchDest)
			return FORMAT(NULL, 0, pszFormat, argList) ? STATUS_BUFFER_OVERFLOW :
			       STATUS_SUCCESS;
	}
	if (!NAME(usable_)(pszDest, cchDest) || !pszFormat)
		return STATUS_INVALID_PARAMETER;
	length = FORMAT(pszDest, cchDest, pszFormat, argList);
	return NAME(finish_)(pszDest, cchDest, length < cchDest ? length : cchDest - 1,
			     length < cchDest, ppszDestEnd, pcchRemaining, dwFlags);
}

NTSTATUS NAME(RtlStringCbVPrintfEx)(CHARACTER *pszDest, size_t cbDest, CHARACTER **ppszDestEnd,
				    size_t *pcbRemaining, DWORD dwFlags,
				    const CHARACTER *pszFormat, va_list argList)
{
	size_t remaining = cbDest / sizeof(*pszDest);
	NTSTATUS status = NAME(RtlStringCchVPrintfEx)(pszDest, remaining, ppszDestEnd, &remaining,
						      dwFlags, pszFormat, argList);

	if (pcbRemaining)
		*pcbRemaining = remaining * sizeof(*pszDest) + cbDest % sizeof(*pszDest);
	return status;
}

NTSTATUS NAME(RtlStringCchVPrintf)(CHARACTER *pszDest, size_t cchDest, const CHARACTER *pszFormat,
				   va_list argList)
{
	return NAME(RtlStringCchVPrintfEx)(pszDest, cchDest, NULL, NULL, 0, pszFormat, argList);
}

NTSTATUS NAME(RtlStringCbVPrintf)(CHARACTER *pszDest, size_t cbDest, const CHARACTER *pszFormat,
				  va_list argList)
{
	return NAME(RtlStringCchVPrintf)(pszDest, cbDest / sizeof(*pszDest), pszFormat, argList);
}

NTSTATUS NAME(RtlStringCchPrintf)(CHARACTER *pszDest, size_t cchDest, const CHARACTER *pszFormat,
				  ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, pszFormat);
	status = NAME(RtlStringCchVPrintf)(pszDest, cchDest, pszFormat, args);
	va_end(args);
	return status;
}

NTSTATUS NAME(RtlStringCbPrintf)(CHARACTER *pszDest, size_t cbDest, const CHARACTER *pszFormat,
				 ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, pszFormat);
	status = NAME(RtlStringCbVPrintf)(pszDest, cbDest, pszFormat, args);
	va_end(args);
	return status;
}

NTSTATUS NAME(RtlStringCchPrintfEx)(CHARACTER *pszDest, size_t cchDest, CHARACTER **ppszDestEnd,
				    size_t *pcchRemaining, DWORD dwFlags,
				    const CHARACTER *pszFormat, ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, pszFormat);
	status = NAME(RtlStringCchVPrintfEx)(pszDest, cchDest, ppszDestEnd, pcchRemaining, dwFlags,
					     pszFormat, args);
	va_end(args);
	return status;
}

NTSTATUS NAME(RtlStringCbPrintfEx)(CHARACTER *pszDest, size_t cbDest, CHARACTER **ppszDestEnd,
				   size_t *pcbRemaining, DWORD dwFlags,
				   const CHARACTER *pszFormat, ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, pszFormat);
	status = NAME(RtlStringCbVPrintfEx)(pszDest, cbDest, ppszDestEnd, pcbRemaining, dwFlags,
					    pszFormat, args);
	va_end(args);
	return status;
}
