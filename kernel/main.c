#include <stdio.h>
int main(void) { puts("atelier"); return 0; }
