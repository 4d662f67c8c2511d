// precompiled.h, and what nearly every operation includes.
#pragma once

#include "base/encoding.h"
#include "operations/blob/blob_access.h"
#include "operations/blob_content.h"
#include "operations/blob_store.h"
#include "operations/encryption.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"
#include "operations/replace_blob.h"
#include "precompiled.h"
