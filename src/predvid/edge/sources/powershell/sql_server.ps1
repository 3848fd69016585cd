# Databases of one instance of SQL Server as this account sees them, state and last backups: sql_server INSTANCE
# timeout: 40
$instance = [string]$Arguments[0]
$server = if ($instance -eq 'MSSQLSERVER') { 'lpc:.' } else { 'lpc:.\' + $instance }
$question = @'
SET NOCOUNT ON; SET LOCK_TIMEOUT 5000;
SELECT TOP 500 d.name, d.state, d.recovery_model, CAST(d.is_read_only AS int) AS read_only,
 DATEDIFF(SECOND, MAX(CASE WHEN b.type IN ('D', 'I') THEN b.backup_finish_date END), GETDATE()) AS full_age,
 DATEDIFF(SECOND, MAX(CASE WHEN b.type = 'L' THEN b.backup_finish_date END), GETDATE()) AS log_age
FROM master.sys.databases AS d
LEFT JOIN msdb.dbo.backupset AS b ON b.database_name = d.name AND b.backup_finish_date > DATEADD(YEAR, -2, GETDATE())
WHERE d.name <> 'tempdb' AND d.source_database_id IS NULL
GROUP BY d.name, d.state, d.recovery_model, d.is_read_only
'@
$connection = New-Object System.Data.SqlClient.SqlConnection
$connection.ConnectionString = "Server=$server;Integrated Security=True;Connect Timeout=5;Pooling=False;Application Name=Predvid"
try {
    $connection.Open()
    $command = $connection.CreateCommand()
    $command.CommandText = $question
    $command.CommandTimeout = 25
    $rows = $command.ExecuteReader()
    $databases = New-Object System.Collections.ArrayList
    while ($rows.Read()) {
        $full = $null; if (-not $rows.IsDBNull(4)) { $full = [int]$rows.GetValue(4) }
        $log = $null; if (-not $rows.IsDBNull(5)) { $log = [int]$rows.GetValue(5) }
        [void]$databases.Add([ordered]@{ name = [string]$rows.GetValue(0); state = [int]$rows.GetValue(1)
                recovery = [int]$rows.GetValue(2); read_only = [bool]$rows.GetValue(3); full_age = $full; log_age = $log })
    }
    @{ connected = $true; error = 0; databases = $databases.ToArray() }
}
catch {
    # PowerShell wraps what a method throws. Only the number is kept: the text is in the server's language.
    $fault = $_.Exception
    while ($fault -and $fault -isnot [System.Data.SqlClient.SqlException]) { $fault = $fault.InnerException }
    if (-not $fault) { throw }
    @{ connected = $false; error = [int]$fault.Number; databases = @() }
}
finally { $connection.Dispose() }
