/*
 * timeserv: the daytime protocol (RFC 867) for inetd. One line with the date and time to whoever
 * connects, and goodbye.
 */
#include <stdio.h>
#include <time.h>

int main(void)
{
    char line[64];
    time_t now = time(NULL);
    struct tm *utc = gmtime(&now);
    if (utc == NULL || strftime(line, sizeof line, "%A, %B %d, %Y %H:%M:%S-UTC", utc) == 0)
        return 1;
    if (printf("%s\r\n", line) < 0 || fflush(stdout) != 0)
        return 1;
    return 0;
}
