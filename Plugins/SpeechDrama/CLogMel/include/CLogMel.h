#ifndef CLOGMEL_H
#define CLOGMEL_H

#endif
