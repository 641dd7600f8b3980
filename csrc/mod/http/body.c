#include "mod/http/body.h"
