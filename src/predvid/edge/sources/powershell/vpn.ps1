# VPN connections that Windows itself keeps, of all users and of the machine.
# timeout: 30
$found = @()
try { $found += @(Get-VpnConnection -AllUserConnection) } catch { Write-Debug $_ }
$found | Select-Object -First 50 | ForEach-Object {
    [ordered]@{ name = [string]$_.Name; status = [string]$_.ConnectionStatus; server = [string]$_.ServerAddress }
}
