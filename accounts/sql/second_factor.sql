-- The history of second factors: that one was set up or taken away, by whom; never its secret nor its use.
SELECT history_keep('otp_totp_totpdevice', 'key', 'last_t', 'drift', 'last_used_at', 'throttling_failure_timestamp',
                    'throttling_failure_count');
