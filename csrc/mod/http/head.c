#include "mod/http/head.h"
