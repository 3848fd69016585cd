# Certificates of the machine's own stores that have a private key: what services present to others.
# timeout: 30
$most = 200
$found = @(foreach ($store in 'My', 'WebHosting', 'Remote Desktop') {
        $path = "Cert:\LocalMachine\$store"
        if (Test-Path -LiteralPath $path) {
            Get-ChildItem -LiteralPath $path | Where-Object { $_.HasPrivateKey } | ForEach-Object {
                [ordered]@{
                    store      = $store
                    subject    = [string]$_.GetNameInfo('SimpleName', $false)
                    issuer     = [string]$_.GetNameInfo('SimpleName', $true)
                    begins     = $_.NotBefore.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ')
                    ends       = $_.NotAfter.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ')
                    thumbprint = [string]$_.Thumbprint
                    names      = @($_.DnsNameList | ForEach-Object { [string]$_.Unicode })
                }
            }
        }
    })
$found | Select-Object -First $most
